import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REQUESTS } from '../../shared/ipc.ts';
import { EngineError } from './core/errors.ts';
import { StoreThread } from './store-thread.ts';
import type { ReaderOperations, StoreWorkerData, WriterOperations } from './store-worker-contract.ts';
import { SESSION, TRANSCRIPT, answerLine, promptLine } from './store/test-support/transcript.ts';

const ARCHIVE_PATH = `claude-code/claude-1f0c2a9b/${TRANSCRIPT}`;
const NOW = Date.UTC(2026, 10, 22);

describe('StoreThread', () => {
  let directory = '';
  const threads: StoreThread<never>[] = [];

  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-thread-'));
  });
  afterEach(async () => {
    for (const thread of threads.splice(0)) await thread.terminate();
    rmSync(directory, { recursive: true });
  });

  function data(role: 'writer' | 'reader'): StoreWorkerData {
    return {
      role,
      databaseFile: path.join(directory, 'holdfast.db'),
      archiveDirectory: path.join(directory, 'archive'),
      sqliteBinding: null,
    };
  }

  async function startWriter(): Promise<StoreThread<WriterOperations>> {
    const thread = await StoreThread.start<WriterOperations>(data('writer'));
    threads.push(thread);
    return thread;
  }

  async function startReader(): Promise<StoreThread<ReaderOperations>> {
    const thread = await StoreThread.start<ReaderOperations>(data('reader'));
    threads.push(thread);
    return thread;
  }

  function archive(lines: readonly string[]): Parameters<WriterOperations['save']>[0] {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    const file = path.join(directory, 'archive', ARCHIVE_PATH);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return [
      {
        segment: { archivePath: ARCHIVE_PATH, kind: 'lines', start: 0, end: bytes.length, sha256 },
        sourcePath: '/gone.jsonl',
      },
    ];
  }

  it('saves in one thread and reads in another', async () => {
    const writer = await startWriter();
    const reader = await startReader();
    const batch = archive([promptLine('p1', 'Name a river.'), answerLine('a1', 'p1', 'The Danube.'), 'bad']);

    expect(await writer.call('save', batch)).toMatchObject({ changedExchanges: 1, quarantined: 1 });

    expect(
      (await reader.call('search', REQUESTS['search.query'].args.parse({ query: 'danube' }))).map(
        (hit) => hit.exchange.key,
      ),
    ).toEqual(['p1']);
    expect((await reader.call('session', SESSION)).session.exchanges).toBe(1);
    expect(await reader.call('counts', NOW)).toMatchObject({ exchanges: 1, records: 2, deadLetters: 1 });
    expect(await reader.call('proof')).toEqual({ exchanges: 1, subagentExchanges: 0, duplicated: 0, drift: 0 });
    expect(await reader.call('captureGap', NOW)).toBe(0);
    expect(
      await reader.call('checkFile', { archivePath: ARCHIVE_PATH, sourcePath: null, kind: 'lines' }),
    ).toMatchObject({ records: 2, quarantined: 1, missingRecords: [] });
    expect(await writer.call('retryDeadLetters', null)).toEqual({ count: 1, archivePaths: [ARCHIVE_PATH] });
    expect((await reader.call('positions'))[0]?.committed).toBe(0);
  });

  it('rejects calls with the code and the sentence of the error, and goes on', async () => {
    await startWriter();
    const reader = await startReader();

    const failed = reader.call('session', 'none');

    await expect(failed).rejects.toBeInstanceOf(EngineError);
    await expect(failed).rejects.toMatchObject({ code: 'NOT_FOUND', retryable: false });
    expect(await reader.call('recent', 5)).toEqual([]);
  });

  it('keeps across the threads that an error will pass', async () => {
    const writer = await startWriter();
    const other = new Sqlite(path.join(directory, 'holdfast.db'));
    other.exec('BEGIN IMMEDIATE');

    await expect(writer.call('countErrors', 1)).rejects.toMatchObject({ code: 'STORE_BUSY', retryable: true });

    other.exec('ROLLBACK');
    other.close();
    await writer.call('countErrors', 1);
  });

  it('calls a database damaged when a query finds it so', async () => {
    const writer = await startWriter();
    await writer.call('save', archive([promptLine('p1', 'word '.repeat(20_000))]));
    await writer.close();
    const file = new Sqlite(path.join(directory, 'holdfast.db'));
    const root = Number(file.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'exchange'`).pluck().get());
    const pageSize = Number(file.pragma('page_size', { simple: true }));
    file.close();
    const fd = openSync(path.join(directory, 'holdfast.db'), 'r+');
    writeSync(fd, Buffer.alloc(pageSize, 0xa5), 0, pageSize, (root - 1) * pageSize);
    closeSync(fd);
    const reader = await startReader();

    await expect(reader.call('page', 0, 10)).rejects.toMatchObject({ code: 'STORE_CORRUPT', retryable: false });
  });

  it('does not start with a damaged database, and says so', async () => {
    writeFileSync(path.join(directory, 'holdfast.db'), Buffer.alloc(8192, 'no database '));

    await expect(startWriter()).rejects.toMatchObject({ code: 'STORE_CORRUPT', retryable: false });
  });

  it('does not start without a database to read, which may come', async () => {
    await expect(startReader()).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: true });
  });

  it('rejects open and later calls when the thread ends, and can be closed all the same', async () => {
    const writer = await startWriter();
    const other = new Sqlite(path.join(directory, 'holdfast.db'));
    other.exec('BEGIN IMMEDIATE');
    const open = writer.call('countErrors', 1);

    const [outcome] = await Promise.allSettled([open, writer.terminate()]);
    other.close();

    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FAILED', retryable: true } });
    await expect(writer.call('countErrors', 1)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await writer.close();
  });

  it('closes once, with everything in the database file', async () => {
    const writer = await startWriter();
    await writer.call('save', archive([promptLine('p1', 'Hello')]));

    await writer.close();
    await writer.close();

    const database = new Sqlite(path.join(directory, 'holdfast.db'), { readonly: true });
    expect(database.prepare('SELECT prompt FROM exchange').pluck().all()).toEqual(['Hello']);
    database.close();
  });
});
