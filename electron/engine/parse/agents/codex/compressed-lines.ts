import { Decompress } from 'fzstd';

/** A line of a compressed file: its place in the plain text, and its bytes without the newline. */
export interface PlainLine {
  readonly start: number;
  readonly bytes: Buffer;
}

const NEWLINE = 0x0a;
/** Compressed bytes that are read at a time; a few megabytes of text at most stand in memory then. */
const STEP_BYTES = 64 * 1024;

/**
 * Reads a Zstandard file line by line. A last line without newline counts: the file is not added to any more.
 * @param onDamage called once if the file is cut short or damaged; every whole line before that place was given
 */
export function* compressedLines(compressed: Buffer, onDamage: () => void): Generator<PlainLine> {
  const chunks: Buffer[] = [];
  const decompressor = new Decompress((chunk) => chunks.push(Buffer.from(chunk)));
  const rest = new Rest();
  for (let at = 0; at < compressed.length; at += STEP_BYTES) {
    const isSound = push(decompressor, compressed.subarray(at, at + STEP_BYTES), at + STEP_BYTES >= compressed.length);
    for (const chunk of chunks.splice(0)) yield* rest.linesWith(chunk);
    if (isSound) continue;
    onDamage();
    return;
  }
  yield* rest.last();
}

/** All of the plain text, as far as the file is whole. */
export function plainBytes(compressed: Buffer): Buffer {
  const lines: Buffer[] = [];
  for (const { bytes } of compressedLines(compressed, () => undefined)) lines.push(bytes, Buffer.of(NEWLINE));
  return Buffer.concat(lines);
}

function push(decompressor: Decompress, step: Buffer, isLast: boolean): boolean {
  try {
    decompressor.push(step, isLast);
    return true;
  } catch {
    // Whatever the error is called: from here on the bytes are no Zstandard.
    return false;
  }
}

/** The beginning of a line whose end has not come yet. */
class Rest {
  #pieces: Buffer[] = [];
  #start = 0;

  *linesWith(chunk: Buffer): Generator<PlainLine> {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#pieces.push(chunk.subarray(from, end));
      yield this.#take(1);
      from = end + 1;
    }
    if (from < chunk.length) this.#pieces.push(chunk.subarray(from));
  }

  *last(): Generator<PlainLine> {
    if (this.#pieces.length > 0) yield this.#take(0);
  }

  #take(newlineBytes: number): PlainLine {
    const bytes =
      this.#pieces.length === 1 && this.#pieces[0] !== undefined ? this.#pieces[0] : Buffer.concat(this.#pieces);
    const line = { start: this.#start, bytes };
    this.#start += bytes.length + newlineBytes;
    this.#pieces = [];
    return line;
  }
}
