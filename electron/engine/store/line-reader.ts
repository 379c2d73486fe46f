import { LineSplitter, type Line } from '../core/line-splitter.ts';

/** Open exchange of each lane of a file; names that begin with `~` are the adapter's marks. */
export type Lanes = Readonly<Record<string, string>>;

export interface LineResult {
  readonly lanes: Lanes;
  /** How many records stand in the line, and how many of them were not known. */
  readonly records: number;
  readonly newRecords: number;
}

export interface LineReaderOptions {
  /** Position of the first byte that will be pushed. */
  readonly offset: number;
  /** Lines that end here or before are passed over: they are committed. */
  readonly committed: number;
  /** Longer lines come without their bytes. */
  readonly maxLineBytes: number;
  /** As they stand at `committed`. */
  readonly lanes: Lanes;
  readonly save: (line: Line, lanes: Lanes) => LineResult;
}

/** Walks the lines of one segment, carries the lanes from line to line, and keeps the counts. */
export class LineReader {
  readonly #options: LineReaderOptions;
  readonly #splitter: LineSplitter;
  #lanes: Lanes;
  #lines = 0;
  #records = 0;
  #newRecords = 0;

  constructor(options: LineReaderOptions) {
    this.#options = options;
    this.#splitter = new LineSplitter(options.offset, options.maxLineBytes);
    this.#lanes = options.lanes;
  }

  get lanes(): Lanes {
    return this.#lanes;
  }

  get counts(): { readonly lines: number; readonly records: number } {
    return { lines: this.#lines, records: this.#records };
  }

  get newRecords(): number {
    return this.#newRecords;
  }

  push(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) this.#read(line);
  }

  /** Reads the bytes after the last newline as if the newline had come. */
  readRest(): void {
    const { start, end } = this.#splitter.rest;
    if (end > start) this.#read({ start, end, bytes: this.#splitter.restBytes() });
  }

  #read(line: Line): void {
    if (line.end <= this.#options.committed) return;
    const result = this.#options.save(line, this.#lanes);
    this.#lanes = result.lanes;
    this.#lines += 1;
    this.#records += result.records;
    this.#newRecords += result.newRecords;
  }
}
