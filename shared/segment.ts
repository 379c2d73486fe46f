/**
 * - `lines`: whole lines, each ended by 0x0A.
 * - `tail`: bytes after the last 0x0A of a transcript that has been quiet for a while. They are parsed so that a record
 *   that only lacks its newline is not lost, but the committed position stays before them: the line may still grow.
 * - `blob`: a sidecar file that is kept as a whole (a spilled tool result, a subagent's meta file).
 */
export type SegmentKind = 'lines' | 'tail' | 'blob';

/**
 * An archived byte range of one generation of a transcript: what travels through the queue.
 *
 * `archivePath` names the generation: the path below the archive folder with forward slashes, for example
 * `claude-code/claude-1f0c2a9b/projects/-home-ana-work/6e5f….jsonl`, or `claude-code/claude-1f0c2a9b/~2/projects/…` for its
 * second generation.
 */
export interface Segment {
  readonly archivePath: string;
  readonly kind: SegmentKind;
  /** First byte, inclusive. */
  readonly start: number;
  /** Last byte, exclusive. */
  readonly end: number;
  /** Lower-case hex over the bytes `[start, end)`. */
  readonly sha256: string;
}
