import { createHash, type Hash } from 'node:crypto';
import type { Segment, SegmentKind } from '../../../shared/segment.ts';
import type { SourceKind } from './source-layout.ts';

const NEWLINE = 0x0a;

/**
 * Cuts archived bytes into segments. In: the bytes of one file in order, in chunks of any size. Out: per chunk at most one
 * segment that ends after the chunk's last newline, with its hash; a document or blob is never cut. Holds no bytes: a line may be of
 * any length.
 */
export class Segmenter {
  readonly #archivePath: string;
  readonly #kind: SourceKind;
  #start: number;
  #position: number;
  #hash: Hash = createHash('sha256');

  /** @param offset position of the first byte that will be pushed: the end of the last segment */
  constructor(archivePath: string, kind: SourceKind, offset: number) {
    this.#archivePath = archivePath;
    this.#kind = kind;
    this.#start = offset;
    this.#position = offset;
  }

  /** End of the last segment. */
  get start(): number {
    return this.#start;
  }

  /** Position of the next byte. */
  get position(): number {
    return this.#position;
  }

  push(chunk: Buffer): Segment | null {
    const newline = this.#kind === 'lines' ? chunk.lastIndexOf(NEWLINE) : -1;
    if (newline === -1) {
      this.#hash.update(chunk);
      this.#position += chunk.length;
      return null;
    }
    this.#hash.update(chunk.subarray(0, newline + 1));
    const end = this.#position + newline + 1;
    const segment = this.#segment('lines', end);
    this.#hash = createHash('sha256').update(chunk.subarray(newline + 1));
    this.#start = end;
    this.#position += chunk.length;
    return segment;
  }

  /** Everything since the last segment, as a segment of its own. The segmenter stays as it is. */
  rest(kind: SegmentKind): Segment | null {
    return this.#position === this.#start ? null : this.#segment(kind, this.#position);
  }

  #segment(kind: SegmentKind, end: number): Segment {
    const sha256 = this.#hash.copy().digest('hex');
    return { archivePath: this.#archivePath, kind, start: this.#start, end, sha256 };
  }
}
