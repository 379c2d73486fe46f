/**
 * Entry of the worker threads. The writer owns the only writing connection and does all parsing, so that neither ever blocks
 * the main loop; readers answer queries. Composition only: it puts store, archive and parser together.
 */
import { existsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { parseArchivePath } from './archive/archive-path.ts';
import { ArchiveReader } from './archive/archive-reader.ts';
import { systemClock } from './core/clock.ts';
import { InvariantError } from './core/errors.ts';
import { serve } from './core/rpc.ts';
import { checkFile } from './jobs/file-check.ts';
import { adapterOf } from './parse/adapters.ts';
import { ExchangeAssembler } from './parse/exchange-assembler.ts';
import { preferredOwner } from './parse/exchange-owner.ts';
import type { ReaderOperations, StoreWorkerData, WriterOperations } from './store-worker-contract.ts';
import { ConversationReader } from './store/conversation-reader.ts';
import { openDatabase } from './store/database.ts';
import { DeadLetterDesk } from './store/dead-letter-desk.ts';
import { SegmentSaver, type TranscriptParser } from './store/segment-saver.ts';

/**
 * Lines over this size are set aside by their range. Agents write records of up to some megabytes (images); parsing one needs
 * about five times its size in memory for a moment.
 */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const data = workerData as StoreWorkerData;
const archive = new ArchiveReader(data.archiveDirectory);
const database = openDatabase(data.databaseFile, {
  nativeBinding: data.sqliteBinding,
  readonly: data.role === 'reader',
});

function parserOf(archivePath: string): { readonly parser: TranscriptParser; readonly relativePath: string } | null {
  const name = parseArchivePath(archivePath);
  const parser = name === null ? null : adapterOf(name.agent);
  return name === null || parser === null ? null : { parser, relativePath: name.relativePath };
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
  return {
    save: (batch) => saver.save(batch),
    setAside: (item, reason) => saver.setAside(item, reason),
    forgetPositions: (archivePaths) => saver.forgetPositions(archivePaths),
    countError: () => {
      saver.countError();
    },
    retryDeadLetters: (id) => {
      const retried = desk.retry(id);
      saver.forgetPositions(retried.archivePaths);
      return retried;
    },
    discardDeadLetters: (id) => desk.discard(id),
    close: () => {
      database.pragma('wal_checkpoint(TRUNCATE)');
      database.close();
    },
  };
}

function reader(): Handlers<ReaderOperations> {
  const conversations = new ConversationReader(database, existsSync);
  const ports = {
    archiveSize: (archivePath: string) => archive.sizeOf(archivePath),
    readChunks: archive.readChunks.bind(archive),
    parseLine: (archivePath: string, line: Buffer) => {
      const found = parserOf(archivePath);
      if (found === null) return { outcome: 'malformed' as const, reason: 'not-json' as const };
      return found.parser.parseLine(line, found.parser.contextOf(archivePath, found.relativePath));
    },
    hasRecord: (archivePath: string, key: string) => {
      const agent = adapterOf(parseArchivePath(archivePath)?.agent ?? '')?.agent;
      return agent !== undefined && conversations.hasRecord(agent, key);
    },
    isSetAside: (archivePath: string, start: number) => conversations.isSetAside(archivePath, start),
    maxLineBytes: MAX_LINE_BYTES,
  };
  return {
    positions: () => conversations.positions(),
    counts: (now) => conversations.counts(now),
    minutes: (since) => conversations.minutes(since),
    recent: (limit) => conversations.recent(limit),
    sessions: (limit, offset, project) => conversations.sessions(limit, offset, project),
    session: (session) => conversations.session(session),
    page: (after, limit) => conversations.page(after, limit),
    search: (query, limit) => conversations.search(query, limit),
    deadLetters: (limit) => conversations.deadLetters(limit),
    captureGap: () => conversations.captureGap(),
    checkFile: (file) => checkFile(file, ports),
    proof: () => {
      const { exchanges, subagentExchanges } = conversations.counts(systemClock.now());
      return { exchanges, subagentExchanges, duplicated: conversations.duplicates(), drift: conversations.drift() };
    },
    close: () => {
      database.close();
    },
  };
}

type Handlers<O> = { readonly [K in keyof O]: O[K] };

function main(): void {
  if (parentPort === null) throw new InvariantError('the store worker runs as a worker thread');
  const handlers = (data.role === 'writer' ? writer() : reader()) as unknown as Record<
    string,
    (...args: readonly unknown[]) => unknown
  >;
  const operations = Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [name, (args: readonly unknown[]) => handler(...args)]),
  );
  serve(parentPort, operations);
  parentPort.postMessage({ ready: true });
}

main();
