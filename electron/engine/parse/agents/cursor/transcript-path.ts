/** What the place of a transcript says. */
export interface TranscriptPlace {
  readonly sessionId: string | null;
  readonly subagentId: string | null;
  /** Plain text of the first versions. */
  readonly isText: boolean;
}

const NOWHERE: TranscriptPlace = { sessionId: null, subagentId: null, isText: false };

/**
 * Reads `projects/<folder>/agent-transcripts/<session>/<session>.jsonl`, `…/<session>/subagents/<agent>.jsonl`, and the older
 * `…/agent-transcripts/<session>.jsonl` and `.txt`. The folder is never decoded: its name is ambiguous.
 */
export function transcriptPlaceOf(relativePath: string): TranscriptPlace {
  const [top, , kind, ...below] = relativePath.split('/');
  const name = below.at(-1);
  if (top !== 'projects' || kind !== 'agent-transcripts' || name === undefined) return NOWHERE;
  const stem = name.replace(/\.(?:jsonl|txt)$/u, '');
  const folder = below.length > 1 ? (below[0] ?? stem) : stem;
  const isSubagent = below.length > 1 && stem !== folder;
  return { sessionId: folder, subagentId: isSubagent ? stem : null, isText: name.endsWith('.txt') };
}
