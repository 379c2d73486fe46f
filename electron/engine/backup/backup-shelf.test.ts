import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { silentLogger } from '../core/logger.ts';
import { BackupSchedule } from './backup-schedule.ts';
import { BackupShelf, type CopyPorts } from './backup-shelf.ts';

const DAY = 24 * 3_600_000;
const AT = Date.UTC(2026, 10, 22);
const CONTENT = { isSound: true, exchanges: 4, records: 9, sessions: 2 };
const always = (): Promise<boolean> => Promise.resolve(true);

describe('backups', () => {
  let folder = '';
  let shelf: BackupShelf;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-backups-'));
    shelf = new BackupShelf(path.join(folder, 'backups'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function portsOf(changes: Partial<CopyPorts> = {}): CopyPorts {
    return { copy: (target) => writeFile(target, 'the database'), inspect: () => Promise.resolve(CONTENT), ...changes };
  }

  async function names(): Promise<readonly string[]> {
    return (await readdir(path.join(folder, 'backups'))).toSorted();
  }

  describe('BackupShelf', () => {
    it('lists what it holds, newest first, and keeps no more than it should', async () => {
      for (let day = 0; day < 4; day += 1)
        await shelf.take(portsOf(), { at: AT + day * DAY, mark: `m${day}`, keep: 2 });

      const listed = await shelf.list();

      expect(listed.map(({ name }) => name)).toEqual([
        'holdfast-2026-11-25T00-00-00-000Z.db',
        'holdfast-2026-11-24T00-00-00-000Z.db',
      ]);
      expect(listed[0]).toMatchObject({ at: AT + 3 * DAY, bytes: 12, exchanges: 4, records: 9, verified: true });
      expect(await shelf.markOf(listed[0]?.name ?? '')).toBe('m3');
      expect(await names()).toHaveLength(4);
    });

    it.each<[string, Partial<CopyPorts>, string]>([
      [
        'cannot be written, as on a full disk',
        {
          copy: async (target) => {
            await writeFile(target, 'half');
            throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
          },
        },
        'BACKUP_FAILED',
      ],
      ['is damaged', { inspect: () => Promise.resolve({ ...CONTENT, isSound: false }) }, 'BACKUP_DAMAGED'],
    ])('leaves the others alone when a copy %s', async (_how, ports, code) => {
      await shelf.take(portsOf(), { at: AT, mark: '', keep: 1 });
      const before = await names();

      await expect(shelf.take(portsOf(ports), { at: AT + DAY, mark: '', keep: 1 })).rejects.toMatchObject({ code });

      expect(await names()).toEqual(before);
    });

    it('removes what a killed run has left half done, and never lists it', async () => {
      const first = await shelf.take(portsOf(), { at: AT, mark: '', keep: 7 });
      await writeFile(path.join(folder, 'backups', 'holdfast-2026-11-22T01-00-00-000Z.db.partial'), 'half');

      expect(await shelf.list()).toEqual([first]);
      await shelf.take(portsOf(), { at: AT + DAY, mark: '', keep: 7 });

      expect((await names()).filter((name) => name.includes('partial'))).toEqual([]);
    });

    it('gives the newest one that is still good, and none that was never checked', async () => {
      const older = await shelf.take(portsOf(), { at: AT, mark: '', keep: 7 });
      const newer = await shelf.take(portsOf(), { at: AT + DAY, mark: '', keep: 7 });
      const unknown = await shelf.take(portsOf(), { at: AT + 2 * DAY, mark: '', keep: 7 });
      await rm(path.join(folder, 'backups', `${unknown.name}.json`));

      expect((await shelf.newestGood(always))?.name).toBe(newer.name);
      const isOlder = (file: string): Promise<boolean> => Promise.resolve(file.endsWith(older.name));
      expect((await shelf.newestGood(isOlder))?.name).toBe(older.name);
      expect(await shelf.newestGood(() => Promise.reject(new Error('not a database')))).toBeNull();
      expect((await shelf.list())[0]).toMatchObject({ name: unknown.name, verified: false, exchanges: null });
    });

    it('finds one by its name, and nothing outside of its folder', async () => {
      const { name } = await shelf.take(portsOf(), { at: AT, mark: '', keep: 7 });
      await writeFile(path.join(folder, 'secret.db'), 'x');

      expect((await shelf.find(name, always)).file).toBe(path.join(folder, 'backups', name));
      await expect(shelf.find(name, () => Promise.resolve(false))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
      for (const wrong of ['../secret.db', 'none.db', `${name}.json`]) {
        await expect(shelf.find(wrong, always)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
    });
  });

  describe('BackupSchedule', () => {
    const clock = new ManualClock(AT);
    let mark = 'one';
    let free: number | null = 100e9;
    let isBusy = false;
    let settings = { everyHours: 24, keep: 7 };

    function scheduleOf(ports: Partial<CopyPorts> = {}): BackupSchedule {
      [mark, free, isBusy, settings] = ['one', 100e9, false, { everyHours: 24, keep: 7 }];
      return new BackupSchedule({
        ...{ shelf, clock, logger: silentLogger, ...portsOf(ports) },
        settings: () => settings,
        mark: () => Promise.resolve(mark),
        room: () => Promise.resolve({ neededBytes: 5e9, freeBytes: free }),
        isBusy: () => isBusy,
      });
    }

    it('makes the first one at once, and another one when it is time and something was saved', async () => {
      const schedule = scheduleOf();
      await schedule.look();
      expect(schedule.view).toEqual({ lastAt: clock.now(), kept: 1, failure: null });

      clock.advance(DAY);
      await schedule.look();
      expect(schedule.view.kept).toBe(1);

      mark = 'two';
      await schedule.look();
      expect(schedule.view.kept).toBe(2);

      mark = 'three';
      clock.advance(DAY / 2);
      await schedule.look();
      expect(schedule.view.kept).toBe(2);
      settings = { everyHours: 6, keep: 2 };
      await schedule.look();
      expect(schedule.view).toMatchObject({ kept: 2, lastAt: clock.now() });
    });

    it('waits for whatever has precedence', async () => {
      const schedule = scheduleOf();
      isBusy = true;

      await schedule.look();

      expect(await shelf.list()).toEqual([]);
    });

    it('does not fill the disk, says so, and goes on once there is room', async () => {
      const schedule = scheduleOf();
      free = 5.9e9;
      await schedule.look();
      expect(schedule.view).toMatchObject({ kept: 0, failure: expect.stringContaining('5.9 GB left') });

      free = 6.1e9;
      await schedule.look();
      expect(schedule.view.kept).toBe(0);
      clock.advance(15 * 60_000);
      await schedule.look();

      expect(schedule.view).toMatchObject({ kept: 1, failure: null });
    });

    it('tells a person who asked why there is none', async () => {
      const schedule = scheduleOf({
        copy: () => Promise.reject(Object.assign(new Error('full'), { code: 'SQLITE_FULL' })),
      });

      await expect(schedule.take()).rejects.toMatchObject({ code: 'BACKUP_FAILED', retryable: true });

      expect(schedule.view.failure).toContain('SQLITE_FULL');
    });
  });

  it('say in a file of their own what was in them', async () => {
    const { name } = await shelf.take(portsOf(), { at: AT, mark: 'm', keep: 7 });

    const said: unknown = JSON.parse(await readFile(path.join(folder, 'backups', `${name}.json`), 'utf8'));

    expect(said).toEqual({ at: AT, exchanges: 4, records: 9, sessions: 2, verifiedAt: AT, mark: 'm' });
  });
});
