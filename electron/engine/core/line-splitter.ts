/**
 * Cuts a stream of bytes into lines. In: chunks in order. Out: each line once, with its byte range, whatever the chunking.
 * Lines end at 0x0A alone: agents write U+2028, U+0085 and lone 0x0D unescaped inside strings. A line longer than the
 * limit is reported by its range without its bytes, so that memory stays bounded whatever the input.
 */
export interface Line {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the newline. */
  readonly end: number;
  /** Content without the newline, valid until the next push; null when it is over the limit. */
  readonly bytes: Buffer | null;
}

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #maxLineBytes: number;
  #lineStart: number;
  #position: number;
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param offset position of the first byte that will be pushed */
  constructor(offset: number, maxLineBytes: number) {
    this.#lineStart = offset;
    this.#position = offset;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Range of the bytes after the last newline. */
  get rest(): { readonly start: number; readonly end: number } {
    return { start: this.#lineStart, end: this.#position };
  }

  /** Bytes after the last newline; null when they are over the limit. */
  restBytes(): Buffer | null {
    return this.#heldBytes === this.#position - this.#lineStart ? Buffer.concat(this.#held) : null;
  }

  *push(chunk: Buffer): Generator<Line, void, undefined> {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      const end = this.#position + (at + 1 - from);
      yield { start: this.#lineStart, end, bytes: this.#take(chunk.subarray(from, at), end - 1 - this.#lineStart) };
      this.#lineStart = end;
      this.#position = end;
      from = at + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  #take(last: Buffer, lengthBytes: number): Buffer | null {
    if (lengthBytes > this.#maxLineBytes) {
      this.#held = [];
      this.#heldBytes = 0;
      return null;
    }
    if (this.#heldBytes === 0) return last;
    const bytes = Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    return bytes;
  }

  #hold(rest: Buffer): void {
    this.#position += rest.length;
    if (rest.length === 0) return;
    if (this.#position - this.#lineStart > this.#maxLineBytes) {
      this.#held = [];
      this.#heldBytes = 0;
      return;
    }
    // A copy: the caller may reuse the chunk's memory.
    this.#held.push(Buffer.from(rest));
    this.#heldBytes += rest.length;
  }
}
