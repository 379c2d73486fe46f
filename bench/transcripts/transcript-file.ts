import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

/** What was written, in all files of a run. */
export interface TranscriptCounts {
  records: number;
  bytes: number;
  /** Of main conversations. */
  exchanges: number;
  sidechainExchanges: number;
  lines: number;
  byType: Record<string, number>;
  /** Longest line in bytes. */
  maxLine: number;
  toolUses: number;
  toolResults: number;
  /** Files that end in half a line. */
  torn: number;
}

const FLUSH_BYTES = 1 << 20;

/** Counts and hashes everything that is written to the files of a run. */
export class TranscriptLedger {
  readonly counts: TranscriptCounts = {
    records: 0,
    bytes: 0,
    exchanges: 0,
    sidechainExchanges: 0,
    lines: 0,
    byType: {},
    maxLine: 0,
    toolUses: 0,
    toolResults: 0,
    torn: 0,
  };
  readonly #hash = createHash('sha256');

  wrote(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.counts.bytes += bytes.length;
  }

  /** Over all files in the order in which they were written; ends the ledger. */
  sha256(): string {
    return this.#hash.digest('hex');
  }
}

/** Writes one transcript. Lines come with their bytes one per character. */
export class TranscriptFile implements Disposable {
  readonly #fd: number;
  readonly #ledger: TranscriptLedger;
  #held: string[] = [];
  #heldBytes = 0;
  #bytes = 0;

  constructor(file: string, ledger: TranscriptLedger) {
    mkdirSync(path.dirname(file), { recursive: true });
    this.#fd = openSync(file, 'w');
    this.#ledger = ledger;
  }

  get bytes(): number {
    return this.#bytes;
  }

  line(type: string, line: string): void {
    const { counts } = this.#ledger;
    counts.records += 1;
    counts.lines += 1;
    counts.byType[type] = (counts.byType[type] ?? 0) + 1;
    counts.maxLine = Math.max(counts.maxLine, line.length);
    this.#held.push(line);
    this.#heldBytes += line.length + 1;
    this.#bytes += line.length + 1;
    if (this.#heldBytes > FLUSH_BYTES) this.#flush();
  }

  /** Ends the file in the middle of a line, as a crash does. */
  tear(half: string): void {
    this.#flush();
    this.#write(Buffer.from(half));
    this.#ledger.counts.torn += 1;
  }

  [Symbol.dispose](): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#held.length === 0) return;
    this.#write(Buffer.from(`${this.#held.join('\n')}\n`, 'latin1'));
    this.#held = [];
    this.#heldBytes = 0;
  }

  #write(bytes: Buffer): void {
    this.#ledger.wrote(bytes);
    writeSync(this.#fd, bytes);
  }
}
