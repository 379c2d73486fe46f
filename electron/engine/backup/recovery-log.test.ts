import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putDatabaseInPlace, setDatabaseAside } from './database-files.ts';
import { RecoveryLog, type KeptRecovery } from './recovery-log.ts';

const AT = Date.UTC(2026, 10, 22);
const ENTRY: KeptRecovery = {
  ...{ at: AT, cause: 'damage', reason: 'It was damaged.', setAside: '/x', backup: null },
  ...{ state: 'replacing', salvaged: 0, endedAt: null },
};

describe('a database that is put aside', () => {
  let folder = '';
  let file = '';

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-recovery-'));
    file = path.join(folder, 'holdfast.db');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('takes its log and everything else of it along', async () => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) await writeFile(file + suffix, suffix);

    const target = await setDatabaseAside(file, 'damaged', AT);

    expect(target).toBe(`${file}.damaged-2026-11-22T00-00-00-000Z`);
    const names = ['', '-journal', '-shm', '-wal'].map((suffix) => path.basename(`${target ?? ''}${suffix}`));
    expect((await readdir(folder)).toSorted()).toEqual(names);
    expect(await readFile(`${target ?? ''}-wal`, 'utf8')).toBe('-wal');
  });

  it('may not be there at all', async () => {
    expect(await setDatabaseAside(file, 'replaced', AT)).toBeNull();
  });

  it('leaves its place to another one, whole', async () => {
    const backup = path.join(folder, 'backup');
    await writeFile(backup, 'sound');

    await putDatabaseInPlace(backup, file);

    expect(await readFile(file, 'utf8')).toBe('sound');
    expect((await readdir(folder)).toSorted()).toEqual(['backup', 'holdfast.db']);
    await expect(putDatabaseInPlace(path.join(folder, 'none'), file)).rejects.toThrow('ENOENT');
    expect(await readFile(file, 'utf8')).toBe('sound');
  });

  it('is told of after a restart', async () => {
    const logFile = path.join(folder, 'recoveries.json');
    const log = await RecoveryLog.open(logFile);
    await log.add(ENTRY);
    await log.change({ state: 'done', endedAt: AT + 5 });
    await log.add({ ...ENTRY, at: AT + 10, cause: 'search-index', setAside: null });

    const again = await RecoveryLog.open(logFile);

    expect(again.latest).toEqual({ ...ENTRY, at: AT + 10, cause: 'search-index', setAside: null });
    expect([again.replacedSince(AT), again.replacedSince(AT + 1)]).toEqual([1, 0]);
    await writeFile(logFile, '{ damaged');
    expect((await RecoveryLog.open(logFile)).latest).toBeNull();
  });
});
