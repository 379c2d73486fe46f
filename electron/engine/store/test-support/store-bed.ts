/** A place for one test: an archive folder, a database file, and everything that the writer and the readers do with them. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Agent, SearchHit } from '../../../../shared/exchange.ts';
import { REQUESTS } from '../../../../shared/ipc.ts';
import type { Segment, SegmentKind } from '../../../../shared/segment.ts';
import { ArchiveReader } from '../../archive/archive-reader.ts';
import { parseArchivePath } from '../../archive/archive-path.ts';
import { ExchangeAssembler } from '../../parse/exchange-assembler.ts';
import { preferredOwner } from '../../parse/exchange-owner.ts';
import { adapterOf } from '../../parse/adapters.ts';
import { ConversationReader } from '../conversation-reader.ts';
import type { SearchRequest } from '../conversation-search.ts';
import { openDatabase, type Database } from '../database.ts';
import type { TranscriptParser } from '../saver-ports.ts';
import { SegmentSaver, type SaveResult, type SegmentOutcome, type SegmentToSave } from '../segment-saver.ts';
import { StoreAudit } from '../store-audit.ts';
import { StoreFigures } from '../store-figures.ts';

export const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

export interface BedOptions {
  readonly maxLineBytes?: number;
  /** Whose files lie in the archive; Claude Code's. */
  readonly agent?: Agent;
  /** Stands between the saver and the real parser. */
  readonly wrapParser?: (parser: TranscriptParser) => TranscriptParser;
}

export class StoreBed implements Disposable {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-store-'));
  readonly databaseFile = path.join(this.directory, 'holdfast.db');
  readonly archiveDirectory = path.join(this.directory, 'archive');
  now = NOW;
  readonly #options: BedOptions;
  #database: Database;
  #saver: SegmentSaver;

  constructor(options: BedOptions = {}) {
    this.#options = options;
    this.#database = openDatabase(this.databaseFile, { nativeBinding: null });
    this.#saver = this.#newSaver();
  }

  get database(): Database {
    return this.#database;
  }

  get saver(): SegmentSaver {
    return this.#saver;
  }

  get reader(): ConversationReader {
    return new ConversationReader(this.#database, existsSync);
  }

  search(query: string, limit = 20, more: Partial<SearchRequest> = {}): SearchHit[] {
    const request = REQUESTS['search.query'].args.parse({ query, limit, ...more });
    return this.reader.search(request);
  }

  get figures(): StoreFigures {
    return new StoreFigures(this.#database);
  }

  get audit(): StoreAudit {
    return new StoreAudit(this.#database);
  }

  /** As after a crash: nothing that was remembered in memory is left. */
  reopen(): void {
    this.#database.close();
    this.#database = openDatabase(this.databaseFile, { nativeBinding: null });
    this.#saver = this.#newSaver();
  }

  /** Path in the archive of a file below the agent's root. */
  archivePathOf(relativePath: string): string {
    const { agent = 'claude-code' } = this.#options;
    return `${agent}/${agent.split('-')[0] ?? ''}-1f0c2a9b/${relativePath}`;
  }

  /** Puts bytes at the end of an archived file. */
  append(relativePath: string, content: string | Buffer): void {
    this.archive(this.archivePathOf(relativePath), content);
  }

  archive(archivePath: string, content: string | Buffer): void {
    const file = path.join(this.archiveDirectory, archivePath);
    mkdirSync(path.dirname(file), { recursive: true });
    appendFileSync(file, content);
  }

  bytesOf(relativePath: string): Buffer {
    return readFileSync(path.join(this.archiveDirectory, this.archivePathOf(relativePath)));
  }

  segment(relativePath: string, start: number, end: number, kind: SegmentKind = 'lines'): Segment {
    const sha256 = createHash('sha256').update(this.bytesOf(relativePath).subarray(start, end)).digest('hex');
    return { archivePath: this.archivePathOf(relativePath), kind, start, end, sha256 };
  }

  /** Cuts what is archived of a file into segments of whole lines; a last line without newline stays out. */
  segmentsOf(relativePath: string, nextLength: () => number = () => Infinity): SegmentToSave[] {
    if (!isTranscript(relativePath)) {
      return [this.#toSave(this.segment(relativePath, 0, this.bytesOf(relativePath).length, 'blob'))];
    }
    return cutLines(this.bytesOf(relativePath), nextLength).map(([start, end]) =>
      this.#toSave(this.segment(relativePath, start, end)),
    );
  }

  save(...segments: readonly SegmentToSave[]): SaveResult {
    return this.#saver.save(segments);
  }

  /** Saves a range of a file by itself. */
  saveRange(relativePath: string, start: number, end: number, kind: SegmentKind = 'lines'): SegmentOutcome {
    const result = this.save(this.#toSave(this.segment(relativePath, start, end, kind))).segments[0];
    if (result === undefined) throw new Error('no result');
    return result.outcome;
  }

  /** Appends lines to a file and saves them as one segment. */
  saveLines(relativePath: string, lines: readonly (string | Buffer)[]): SaveResult {
    const start = existsSync(path.join(this.archiveDirectory, this.archivePathOf(relativePath)))
      ? this.bytesOf(relativePath).length
      : 0;
    for (const line of lines) this.append(relativePath, Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
    return this.save(this.#toSave(this.segment(relativePath, start, this.bytesOf(relativePath).length)));
  }

  /** FTS5's own comparison of index and content; throws when they differ. */
  checkFullText(): void {
    this.#database.exec(`INSERT INTO exchange_fts (exchange_fts, rank) VALUES ('integrity-check', 1)`);
  }

  [Symbol.dispose](): void {
    this.#database.close();
    rmSync(this.directory, { recursive: true });
  }

  #toSave(segment: Segment): SegmentToSave {
    return { segment, sourcePath: `/home/ana/.claude/${parseArchivePath(segment.archivePath)?.relativePath ?? ''}` };
  }

  #newSaver(): SegmentSaver {
    const wrap = this.#options.wrapParser ?? ((parser) => parser);
    return new SegmentSaver({
      database: this.#database,
      archive: new ArchiveReader(this.archiveDirectory),
      parserOf: (archivePath) => {
        const name = parseArchivePath(archivePath);
        const parser = name === null ? null : adapterOf(name.agent);
        return name === null || parser === null ? null : { parser: wrap(parser), ...name };
      },
      assemblerFor: (_agent, index) => new ExchangeAssembler(index),
      ownerOf: preferredOwner,
      now: () => this.now,
      maxLineBytes: this.#options.maxLineBytes ?? 16 * 1024 * 1024,
    });
  }
}

export function isTranscript(relativePath: string): boolean {
  return relativePath.endsWith('.jsonl');
}

/** Ranges of whole lines, each as long as asked, a line at least. */
function cutLines(bytes: Buffer, nextLength: () => number): [number, number][] {
  const ranges: [number, number][] = [];
  const end = bytes.lastIndexOf(0x0a) + 1;
  for (let start = 0; start < end;) {
    const wanted = Math.min(end, start + Math.max(1, nextLength()));
    const cut = bytes.indexOf(0x0a, wanted - 1) + 1;
    ranges.push([start, cut]);
    start = cut;
  }
  return ranges;
}

/** Files of a folder, by their paths below it with forward slashes, in the order of their names. */
export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** Numbers in [0, 1), the same for the same seed. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
