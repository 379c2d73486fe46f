/**
 * Entry of the worker threads. The writer owns the only writing connection and does all parsing, so that neither ever blocks
 * the main loop; readers answer queries. Composition only: it puts store, archive and parser together.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { parseArchivePath } from './archive/archive-path.ts';
import { ArchiveReader } from './archive/archive-reader.ts';
import { checkDatabase } from './capture/opencode/database-check.ts';
import { MirrorHashes } from './capture/opencode/mirror-lines.ts';
import { checkStore } from './capture/opencode/store-check.ts';
import { OPENCODE_STORE, onDisk } from './capture/source-layout.ts';
import { systemClock } from './core/clock.ts';
import { InvariantError } from './core/errors.ts';
import { ForeignDatabase } from './core/foreign-database.ts';
import { serveOperations } from './core/rpc.ts';
import { checkFile, rowsCheck, type FileCheck, type FileToCheck } from './jobs/file-check.ts';
import type { Agent } from '../../shared/exchange.ts';
import type { RecordBodies } from '../../shared/ipc.ts';
import { adapterOf } from './parse/adapters.ts';
import type { AgentAdapter } from './parse/agent-adapter.ts';
import { ExchangeAssembler } from './parse/exchange-assembler.ts';
import { preferredOwner } from './parse/exchange-owner.ts';
import { replayLine } from './parse/line-replay.ts';
import type { LinePlace } from '../../shared/record.ts';
import type { ReaderOperations, StoreWorkerData, WriterOperations } from './store-worker-contract.ts';
import { CaptureGap } from './store/capture-gap.ts';
import { ConversationReader } from './store/conversation-reader.ts';
import { openDatabase, rebuildSearchIndex, toStoreError } from './store/database.ts';
import { DeadLetterDesk } from './store/dead-letter-desk.ts';
import { RecordPlaces } from './store/record-places.ts';
import { SegmentAudit } from './store/segment-audit.ts';
import { SegmentSaver } from './store/segment-saver.ts';
import { StoreAudit } from './store/store-audit.ts';
import { StoreFigures } from './store/store-figures.ts';
import { SubstringIndex } from './store/substring-index.ts';
import { UpkeepTable } from './store/upkeep-table.ts';

/**
 * Lines over this size are set aside by their range. Agents write records of up to some megabytes (images); parsing one needs
 * about five times its size in memory for a moment.
 */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

const data = workerData as StoreWorkerData;
const archive = new ArchiveReader(data.archiveDirectory);
const database = openDatabase(data.databaseFile, {
  nativeBinding: data.sqliteBinding,
  readonly: data.role === 'reader',
});

function parserOf(
  archivePath: string,
): { readonly parser: AgentAdapter; readonly relativePath: string; readonly generation: number } | null {
  const name = parseArchivePath(archivePath);
  const parser = name === null ? null : adapterOf(name.agent);
  return name === null || parser === null ? null : { parser, ...name };
}

function writer(): Handlers<WriterOperations> {
  const saver = new SegmentSaver({
    database,
    archive,
    parserOf,
    assemblerFor: (_agent, index) => new ExchangeAssembler(index),
    ownerOf: preferredOwner,
    now: () => systemClock.now(),
    maxLineBytes: MAX_LINE_BYTES,
  });
  const desk = new DeadLetterDesk(database);
  const parts = new SubstringIndex(database);
  const figures = new StoreFigures(database);
  const upkeep = new UpkeepTable(database);
  return {
    positions: () => figures.positions(),
    save: (batch) => saver.save(batch),
    setAside: (item, reason) => saver.setAside(item, reason),
    forgetPositions: (archivePaths) => saver.forgetPositions(archivePaths),
    countErrors: (count) => {
      saver.countErrors(count);
    },
    retryDeadLetters: (id) => desk.retry(id, (archivePaths) => saver.forgetPositions(archivePaths)),
    discardDeadLetters: (id) => desk.discard(id),
    indexParts: (most) => parts.follow(most),
    rebuildSearch: () => {
      rebuildSearchIndex(database);
    },
    keepScrub: (state) => {
      upkeep.keepScrub(state);
    },
    noteDamage: (range, repairedAt) => {
      upkeep.noteDamage(range, repairedAt);
    },
    close: () => {
      try {
        database.pragma('wal_checkpoint(TRUNCATE)');
      } finally {
        database.close();
      }
    },
  };
}

function bodiesOf(places: RecordPlaces, agent: Agent, records: readonly string[]): RecordBodies[] {
  const plainOf = unpacker();
  return records.flatMap((record) => {
    const place = places.of(agent, record);
    const found = place === null ? null : parserOf(place.archivePath);
    if (place === null || found === null) return [];
    const { archivePath, start, length } = place;
    const plain = plainOf(archivePath, found.parser, found.relativePath);
    const line = plain?.subarray(start, start + length) ?? archive.read(archivePath, start, start + length);
    const end = line.at(-1) === NEWLINE ? -1 : undefined;
    const context = found.parser.contextOf(archivePath, found.relativePath);
    const bodies = found.parser.readBodies(line.subarray(0, end), context);
    return bodies.length === 0 ? [] : [{ record, bodies }];
  });
}

/** Records of one file are asked for together: it is unpacked once for all of them. */
function unpacker(): (archivePath: string, parser: AgentAdapter, relativePath: string) => Buffer | null {
  let last: { readonly archivePath: string; readonly plain: Buffer | null } | null = null;
  return (archivePath, parser, relativePath) => {
    if (parser.unpack === undefined || parser.fileKind(relativePath) !== 'document') return null;
    if (last?.archivePath !== archivePath) {
      const bytes = archive.read(archivePath, 0, archive.sizeOf(archivePath) ?? 0);
      last = { archivePath, plain: parser.unpack(bytes, relativePath) };
    }
    return last.plain;
  };
}

function reader(): Handlers<ReaderOperations> {
  const conversations = new ConversationReader(database, (sourcePath) => existsSync(onDisk(sourcePath)));
  const figures = new StoreFigures(database);
  const audit = new StoreAudit(database);
  const gap = new CaptureGap(database);
  const places = new RecordPlaces(database);
  const segments = new SegmentAudit(database, archive);
  const upkeep = new UpkeepTable(database);
  const ports = {
    archiveSize: (archivePath: string) => archive.sizeOf(archivePath),
    readChunks: archive.readChunks.bind(archive),
    parseLine: (archivePath: string, line: Buffer, place: LinePlace) => {
      const found = parserOf(archivePath);
      if (found === null) return { parsed: { outcome: 'malformed', reason: 'not-json' } as const, marks: place.marks };
      const { parser, relativePath } = found;
      return replayLine(parser, line, parser.contextOf(archivePath, relativePath), place);
    },
    parseDocument: (archivePath: string, bytes: Buffer) => {
      const found = parserOf(archivePath);
      if (found === null) return { outcome: 'malformed' as const, reason: 'not-json' as const };
      return found.parser.parseDocument(bytes, found.parser.contextOf(archivePath, found.relativePath));
    },
    hasRecord: (archivePath: string, key: string) => {
      const agent = adapterOf(parseArchivePath(archivePath)?.agent ?? '')?.agent;
      return agent !== undefined && audit.hasRecord(agent, key);
    },
    isSetAside: (archivePath: string, start: number) => audit.isSetAside(archivePath, start),
    maxLineBytes: MAX_LINE_BYTES,
  };
  return {
    positions: () => figures.positions(),
    counts: (now) => figures.counts(now),
    minutes: (since) => figures.minutes(since),
    recent: (limit) => conversations.recent(limit),
    sessions: (limit, offset, project) => conversations.sessions(limit, offset, project),
    session: (session) => conversations.session(session),
    page: (after, limit) => conversations.page(after, limit),
    bodies: (agent, records) => bodiesOf(places, agent, records),
    search: (request) => conversations.search(request),
    deadLetters: (limit) => figures.deadLetters(limit),
    captureGap: (now) => gap.count(now),
    checkFile: (file) => (file.kind === 'rows' ? checkSource(file) : checkFile(file, ports)),
    proof: () => {
      const { exchanges, subagentExchanges } = figures.counts(systemClock.now());
      return { exchanges, subagentExchanges, duplicated: audit.duplicates(), drift: audit.drift() };
    },
    upkeepState: () => upkeep.state(),
    archivedBytes: () => segments.totalBytes(),
    auditArchive: (after, mostBytes) => segments.slice(after, mostBytes),
    close: () => {
      database.close();
    },
  };
}

/** Compares a database, or a store of small files, with its mirror. */
async function checkSource({ sourcePath, archivePath }: FileToCheck): Promise<FileCheck> {
  const hashesOf = (mirror: string): MirrorHashes['byName'] => {
    const hashes = new MirrorHashes();
    archive.readChunks(mirror, 0, archive.sizeOf(mirror) ?? 0, (chunk) => {
      hashes.read(chunk);
    });
    return hashes.byName;
  };
  if (sourcePath === null) return rowsCheck({ bytes: 0, missing: [], unreadable: null });
  if (path.basename(sourcePath) === OPENCODE_STORE)
    return rowsCheck(await checkStore(sourcePath, archivePath, hashesOf));
  const open = (file: string): ForeignDatabase => ForeignDatabase.open(file, { nativeBinding: data.sqliteBinding });
  return rowsCheck(checkDatabase(sourcePath, archivePath, { open, hashesOf }));
}

type Handlers<O> = { readonly [K in keyof O]: O[K] };

function main(): void {
  if (parentPort === null) throw new InvariantError('the store worker runs as a worker thread');
  try {
    // An error of SQLite crosses the thread as one of ours, so that a damaged database is seen as such wherever it shows.
    if (data.role === 'writer') serveOperations<WriterOperations>(parentPort, writer(), toStoreError);
    else serveOperations<ReaderOperations>(parentPort, reader(), toStoreError);
  } catch (error) {
    throw toStoreError(error);
  }
  parentPort.postMessage({ ready: true });
}

main();
