import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './store/database.ts';
import { StoreLink } from './store-link.ts';
import { StoreThread } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';

const AGAIN = { code: 'STORE_FAILED', retryable: true };

describe('StoreLink', () => {
  let directory = '';
  let file = '';
  let link: StoreLink<ReaderOperations>;
  let told: string[] = [];

  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-link-'));
    file = path.join(directory, 'holdfast.db');
    openDatabase(file, { nativeBinding: null }).close();
    told = [];
    link = new StoreLink<ReaderOperations>({
      start: () =>
        StoreThread.start({ role: 'reader', databaseFile: file, archiveDirectory: directory, sqliteBinding: null }),
      onDamage: (error) => told.push(error.code),
      onCrash: () => told.push('crash'),
    });
  });
  afterEach(async () => {
    await link.hold('terminate');
    rmSync(directory, { recursive: true });
  });

  it('begins with the first call, and again after the thread has crashed', async () => {
    expect(await link.call('positions')).toEqual([]);
    await (await link.open()).terminate();

    expect(await link.call('positions')).toEqual([]);

    expect(told).toEqual(['crash']);
  });

  it('has nobody open the file while it is held, and goes on with what is in its place afterwards', async () => {
    const open = link.call('positions');
    await link.hold('close');
    await Promise.allSettled([open]);
    await expect(link.call('positions')).rejects.toMatchObject(AGAIN);
    rmSync(file);
    const other = openDatabase(file, { nativeBinding: null });
    other.exec("INSERT INTO counter (name, value) VALUES ('records', 5)");
    other.close();

    link.release();

    expect(await link.call('counts', 0)).toMatchObject({ records: 5 });
    expect(told).toEqual([]);
  });

  it('tells of damage, and still rejects', async () => {
    await link.hold('close');
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
    writeFileSync(file, Buffer.alloc(8192, 'no database '));
    link.release();

    await expect(link.call('positions')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });

    expect(told).toEqual(['STORE_CORRUPT']);
  });
});
