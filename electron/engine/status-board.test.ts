import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataPaths } from './config/data-paths.ts';
import { ManualClock } from './core/test-support/manual-clock.ts';
import { silentLogger } from './core/logger.ts';
import type { DiskWatch } from './disk/disk-watch.ts';
import { anyDisk } from './disk/test-support/any-disk.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { StatusBoard } from './status-board.ts';
import { NO_UPKEEP } from './status/test-support/no-upkeep.ts';
import { openDatabase } from './store/database.ts';
import { StoreThread } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';

/** A board of a program that records nothing, with a real database. */
class BoardBed implements AsyncDisposable {
  readonly directory: string;
  readonly clock = new ManualClock();
  readonly reader: StoreThread<ReaderOperations>;
  readonly board: StatusBoard;
  readonly disk: DiskWatch;
  isStopping = false;

  private constructor(directory: string, reader: StoreThread<ReaderOperations>) {
    this.directory = directory;
    this.reader = reader;
    this.disk = anyDisk(directory, this.clock);
    this.board = new StatusBoard({
      version: '1.2.3',
      startedAt: 5,
      paths: dataPaths(directory),
      reader,
      recorder: () => null,
      jobs: new JobRunner({ clock: this.clock, logger: silentLogger, newId: () => 'job' }),
      disk: this.disk,
      pause: () => ({ paused: false, until: null }),
      isStopping: () => this.isStopping,
      upkeep: () => NO_UPKEEP,
      clock: this.clock,
      logger: silentLogger,
    });
  }

  static async create(): Promise<BoardBed> {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-board-'));
    const paths = dataPaths(directory);
    const database = openDatabase(paths.database, { nativeBinding: null });
    database.exec(`INSERT INTO counter (name, value) VALUES ('exchanges', 42), ('records', 99)`);
    database.close();
    const reader = await StoreThread.start<ReaderOperations>({
      role: 'reader',
      databaseFile: paths.database,
      archiveDirectory: paths.archiveDirectory,
      sqliteBinding: null,
    });
    return new BoardBed(directory, reader);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.board.stop();
    await this.reader.terminate();
    rmSync(this.directory, { recursive: true });
  }
}

describe('StatusBoard', () => {
  it('measures what the database and the disk say', async () => {
    await using bed = await BoardBed.create();

    await bed.disk.look();
    const snapshot = await bed.board.current();

    expect(snapshot).toMatchObject({ version: '1.2.3', startedAt: 5, captureGap: 0 });
    expect(snapshot.store).toMatchObject({ exchanges: 42, records: 99, health: { state: 'healthy' } });
    expect(snapshot.store.sizeBytes).toBeGreaterThan(0);
    expect(snapshot.store.diskFreeBytes).toBeGreaterThan(0);
  });

  it('measures once for several who ask at the same moment, and anew after a while', async () => {
    await using bed = await BoardBed.create();

    const [first, second] = await Promise.all([bed.board.current(), bed.board.current()]);
    expect(second).toBe(first);
    expect(await bed.board.current()).toBe(first);
    bed.clock.advance(250);

    expect(await bed.board.current()).not.toBe(first);
  });

  it('shows an error with the last figures, instead of nothing, when the database does not answer', async () => {
    await using bed = await BoardBed.create();
    await bed.board.current();
    await bed.reader.terminate();
    bed.clock.advance(60_000);

    const snapshot = await bed.board.current();

    expect(snapshot.overall).toBe('error');
    expect(snapshot.store).toMatchObject({ exchanges: 42, health: { state: 'failed', reason: 'STORE_FAILING' } });
    expect(snapshot.safety.allSaved).toBe(false);
    expect(snapshot.alarms.map((alarm) => alarm.key)).toContain('store.failing');
  });

  it('tells listeners each second, and hardly anything when nobody listens', async () => {
    await using bed = await BoardBed.create();
    bed.board.start();
    const told = new Promise((resolve) => {
      bed.board.on(resolve);
    });

    bed.clock.advance(1000);

    expect(await told).toMatchObject({ version: '1.2.3' });
  });

  it('tells of a change at once when asked to', async () => {
    await using bed = await BoardBed.create();
    const seen: unknown[] = [];
    const listening = bed.board.on((snapshot) => seen.push(snapshot));

    const snapshot = await bed.board.refresh();
    listening[Symbol.dispose]();
    await bed.board.refresh();

    expect(seen).toEqual([snapshot]);
  });

  it('says that it stops', async () => {
    await using bed = await BoardBed.create();
    bed.isStopping = true;

    expect((await bed.board.current()).overall).toBe('stopping');
  });
});
