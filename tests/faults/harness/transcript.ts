/** One transcript in the hands of a writer: the file, and the same bytes in the journal. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { IncarnationKind, Journal } from './journal.ts';

const NEWLINE = 0x0a;

export class Transcript {
  readonly #journal: Journal;
  readonly #kind: IncarnationKind;
  #file: string;
  #bytes: Buffer;
  #incarnation: string;

  /** Makes the file with these bytes. */
  constructor(journal: Journal, file: string, bytes: Buffer, kind: IncarnationKind = 'lines') {
    this.#journal = journal;
    this.#kind = kind;
    this.#file = file;
    this.#bytes = bytes;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes, { flag: 'wx' });
    this.#incarnation = journal.begin(kind, file, bytes);
  }

  get file(): string {
    return this.#file;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** False after a cut in the middle of a line. */
  get endsWithLine(): boolean {
    return this.#bytes.length === 0 || this.#bytes.at(-1) === NEWLINE;
  }

  /** Ends of the lines, without that of a last one that is unfinished. */
  lineEnds(): readonly number[] {
    const ends: number[] = [];
    for (let at = this.#bytes.indexOf(NEWLINE); at !== -1; at = this.#bytes.indexOf(NEWLINE, at + 1)) ends.push(at + 1);
    return ends;
  }

  append(bytes: Buffer): void {
    const fd = openSync(this.#file, 'a');
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    closeSync(fd);
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#journal.append(this.#incarnation, bytes);
  }

  sync(): void {
    this.#journal.sync(this.#incarnation);
  }

  rename(file: string): void {
    mkdirSync(path.dirname(file), { recursive: true });
    renameSync(this.#file, file);
    this.#file = file;
  }

  /** The same bytes and more, in a new file under the old name. */
  rewrite(more: Buffer): void {
    this.#replaceFile(Buffer.concat([this.#bytes, more]));
    this.#bytes = Buffer.concat([this.#bytes, more]);
    this.#journal.append(this.#incarnation, more);
  }

  /** Other bytes under the same name, at once. @param owedBytes of what was there */
  replace(bytes: Buffer, owedBytes: number): void {
    this.#journal.end(this.#incarnation, owedBytes);
    this.#replaceFile(bytes);
    this.#bytes = bytes;
    this.#incarnation = this.#journal.begin(this.#kind, this.#file, bytes);
  }

  /** Cuts it in place. @param owedBytes of what was there */
  truncate(size: number, owedBytes: number): void {
    this.#journal.end(this.#incarnation, owedBytes);
    truncateSync(this.#file, size);
    this.#bytes = this.#bytes.subarray(0, size);
    this.#incarnation = this.#journal.begin(this.#kind, this.#file, this.#bytes);
  }

  /** @param owedBytes of what was there */
  delete(owedBytes: number): void {
    this.#journal.end(this.#incarnation, owedBytes);
    rmSync(this.#file);
  }

  #replaceFile(bytes: Buffer): void {
    const temporary = `${this.#file}.tmp`;
    const fd = openSync(temporary, 'w');
    writeSync(fd, bytes);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, this.#file);
  }
}
