/** The store of the machine: the product's saver on a real SQLite in memory, run in this thread, one call at a time. */
import Sqlite from 'better-sqlite3';
import { ArchiveReader } from '../../electron/engine/archive/archive-reader.ts';
import { parseArchivePath } from '../../electron/engine/archive/archive-path.ts';
import { InvariantError } from '../../electron/engine/core/errors.ts';
import { adapterOf } from '../../electron/engine/parse/adapters.ts';
import { ExchangeAssembler } from '../../electron/engine/parse/exchange-assembler.ts';
import { preferredOwner } from '../../electron/engine/parse/exchange-owner.ts';
import type { ReaderOperations, WriterOperations } from '../../electron/engine/store-worker-contract.ts';
import { MIGRATIONS } from '../../electron/engine/store/migrations/migrations.ts';
import type { TranscriptParser } from '../../electron/engine/store/saver-ports.ts';
import {
  SegmentSaver,
  type SegmentSaverOptions,
  type SegmentToSave,
} from '../../electron/engine/store/segment-saver.ts';
import { StoreFigures } from '../../electron/engine/store/store-figures.ts';
import type { Segment } from '../../shared/segment.ts';

/** A line that holds this word makes the parser throw, whenever it is read. */
export const POISON = 'POISON';
const MAX_LINE_BYTES = 64 * 1024;

type Operations = Pick<WriterOperations, 'save' | 'setAside' | 'countErrors' | 'forgetPositions' | 'close'> &
  Pick<ReaderOperations, 'positions'>;

export class ModelStore implements Disposable {
  readonly database: Sqlite.Database;
  readonly #archive: ArchiveReader;
  readonly #now: () => number;
  readonly #totalChanges: Sqlite.Statement;
  #operations: Operations | null = null;
  /** Lines until the program dies in the middle of saving; null: it does not. */
  fuse: number | null = null;
  /** Segments that were saved, refused or set aside, one of which an acknowledged entry must be. */
  readonly handled = new Set<string>();

  constructor(template: Buffer, archiveDirectory: string, now: () => number) {
    this.database = new Sqlite(template);
    this.database.pragma('foreign_keys = ON');
    this.#totalChanges = this.database.prepare('SELECT total_changes()').pluck();
    this.#archive = new ArchiveReader(archiveDirectory);
    this.#now = now;
  }

  /** A database with its tables and nothing in it. */
  static template(): Buffer {
    const database = new Sqlite(':memory:');
    for (const migration of MIGRATIONS) database.exec(migration);
    return database.serialize();
  }

  /** A program that starts remembers nothing but what is committed. */
  restart(): void {
    this.fuse = null;
    if (this.database.inTransaction) throw new InvariantError('a transaction outlived its program');
    this.#operations = null;
  }

  run(operation: string, args: readonly unknown[]): unknown {
    this.#operations ??= this.#newOperations();
    const result = (this.#operations as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>)[
      operation
    ]?.(...args);
    if (operation === 'save') for (const { segment } of args[0] as readonly SegmentToSave[]) this.#handled(segment);
    if (operation === 'setAside') this.#handled((args[0] as SegmentToSave).segment);
    return result;
  }

  /** The disk of the database is full, or has room again. */
  setFull(isFull: boolean): void {
    const pages = isFull ? Number(this.database.pragma('page_count', { simple: true })) : MOST_PAGES;
    this.database.pragma(`max_page_count = ${pages}`);
  }

  /** Rows that were ever changed. */
  get changes(): number {
    return Number(this.#totalChanges.get());
  }

  all<T>(sql: string, ...args: readonly unknown[]): T[] {
    return this.database.prepare<unknown[], T>(sql).all(...args);
  }

  [Symbol.dispose](): void {
    this.database.close();
  }

  #handled(segment: Segment): void {
    this.handled.add(segmentName(segment));
  }

  #newOperations(): Operations {
    const figures = new StoreFigures(this.database);
    const saver = new SegmentSaver({
      database: this.database,
      archive: this.#archive,
      parserOf: (archivePath) => this.#parserOf(archivePath),
      assemblerFor: (_agent, index) => new ExchangeAssembler(index),
      ownerOf: preferredOwner,
      now: this.#now,
      maxLineBytes: MAX_LINE_BYTES,
    });
    return {
      save: (batch) => saver.save(batch),
      setAside: (item, reason) => saver.setAside(item, reason),
      forgetPositions: (archivePaths) => saver.forgetPositions(archivePaths),
      countErrors: (count) => {
        saver.countErrors(count);
      },
      positions: () => figures.positions(),
      close: () => undefined,
    };
  }

  #parserOf(archivePath: string): ReturnType<SegmentSaverOptions['parserOf']> {
    const name = parseArchivePath(archivePath);
    const parser = name === null ? null : adapterOf(name.agent);
    if (name === null || parser === null) return null;
    const troubled: TranscriptParser = {
      contextOf: (path, relativePath) => parser.contextOf(path, relativePath),
      fileKind: (relativePath) => parser.fileKind(relativePath),
      parseDocument: (bytes, context) => parser.parseDocument(bytes, context),
      parseSidecar: (context, bytes) => parser.parseSidecar(context, bytes),
      salvageLine: (line, context, place) => parser.salvageLine(line, context, place),
      parseLine: (line, context, place) => {
        if (this.fuse !== null && (this.fuse -= 1) < 0) throw new Error('the program died while it saved');
        if (line.includes(POISON)) throw new Error('a line that cannot be read');
        return parser.parseLine(line, context, place);
      },
    };
    return { parser: troubled, ...name };
  }
}

const MOST_PAGES = 1_073_741_823;

export function segmentName({ archivePath, kind, start, end, sha256 }: Segment): string {
  return [archivePath, kind, start, end, sha256].join(' ');
}
