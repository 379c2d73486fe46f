import { LineSplitter, type Line } from '../core/line-splitter.ts';

/** Open exchange of each lane of a file. */
export type Lanes = Readonly<Record<string, string>>;

export interface LineResult {
  readonly lanes: Lanes;
  readonly isRecord: boolean;
  readonly isNew: boolean;
}

/** Walks the lines of one segment, carries the lanes from line to line, and keeps the counts. */
export class LineReader {
  readonly #splitter: LineSplitter;
  readonly #save: (line: Line, lanes: Lanes) => LineResult;
  #lanes: Lanes;
  #lines = 0;
  #records = 0;
  #newRecords = 0;

  constructor(offset: number, maxLineBytes: number, lanes: Lanes, save: (line: Line, lanes: Lanes) => LineResult) {
    this.#splitter = new LineSplitter(offset, maxLineBytes);
    this.#lanes = lanes;
    this.#save = save;
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
    const result = this.#save(line, this.#lanes);
    this.#lanes = result.lanes;
    this.#lines += 1;
    if (result.isRecord) this.#records += 1;
    if (result.isNew) this.#newRecords += 1;
  }
}
