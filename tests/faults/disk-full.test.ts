import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Workplace } from '../support/workplace.ts';

const TRANSCRIPTS = { mb: 12, files: 24, seed: 7 };
/** What is free is measured every two seconds; then something has to be done, too. */
const GOES_ON_WITHIN_MS = 5000;
const MB = 1_000_000;
const SMALL = { disk: { warnBelowMegabytes: 4, holdBelowMegabytes: 2, reserveMegabytes: 1 } };
const SESSION = idOf('goes on');

/** All that is there now, and one exchange more, is saved. */
async function expectWhole(place: Workplace, holdfast: Headless): Promise<void> {
  append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'afterwards')]));
  const expected = expectedExchanges(place.claude);
  const main = [...expected.values()].filter((exchange) => !exchange.is_subagent);
  await holdfast.waitForExchanges(main.length, 60_000);
  expectClean(await holdfast.verify());
  expectSame(expected, await place.export());
}

async function isHeld(holdfast: Headless): Promise<void> {
  await holdfast.waitForStatus(({ disk }) => disk.level === 'held', 'recording is held', 30_000);
}

/** Something more is saved than before, soon after there is room. */
async function expectGoingOn(holdfast: Headless, records: number, since: number): Promise<void> {
  await holdfast.waitForStatus(
    ({ store, disk }) => disk.level !== 'held' && store.records > records,
    'recording goes on',
    GOES_ON_WITHIN_MS,
  );
  console.log(`going on ${(performance.now() - since).toFixed(0)} ms after there was room`);
}

/** Not more than one line a second, whatever fails how often; the first few of each kind come at once. */
async function expectQuietLog(place: Workplace, seconds: number, before: number): Promise<void> {
  const lines = (await place.logLines()).length - before;
  expect(lines).toBeLessThanOrEqual(20 + seconds);
}

describe('a disk on which everything lies', () => {
  it('fills up in the middle of an import: recording is held, and goes on within seconds', async () => {
    await using place = await Workplace.make();
    using disk = SmallDisk.mount(place.home, 9);
    await place.settings(SMALL);
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const holdfast = await place.start();
    const from = performance.now();
    await isHeld(holdfast);
    const held = await holdfast.status();

    expect(held).toMatchObject({
      overall: 'error',
      safety: { archiveCurrent: false },
      archive: { health: { state: 'failed', reason: 'DISK_FULL' } },
      disk: { level: 'held', holdBelowBytes: 2 * MB, totalBytes: 9 * 1024 * 1024 },
    });
    expect(held.alarms.map(({ key }) => key)).toContain('disk.held');
    expect((await place.cli(['status'])).stdout).toMatch(/the disk is full: recording is held; free some space/);
    await expect(holdfast.job({ kind: 'import' })).rejects.toThrow(/The disk is full: recording is held/);
    await waitUntil(
      () => performance.now() - from,
      (ms) => ms > 6000,
      'some tries',
    );
    await expectQuietLog(place, (performance.now() - from) / 1000, 0);

    const { store } = await holdfast.status();
    disk.resize(200);
    await expectGoingOn(holdfast, store.records, performance.now());

    await expectWhole(place, holdfast);
    expect(await holdfast.status()).toMatchObject({ disk: { level: 'ok', reserveBytes: MB } });
    expect(await holdfast.stop()).toBe(0);
  });

  it('is filled by another program to its last byte, and Holdfast is killed: it starts, answers, and goes on', async () => {
    await using place = await Workplace.make();
    using disk = SmallDisk.mount(place.home, 64);
    await place.settings(SMALL);
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const first = await place.start();
    await first.waitForStatus(
      ({ disk: { reserveBytes }, archive }) => reserveBytes > 0 && archive.bytes > 0,
      'a begin',
    );

    disk.fill();
    await first.waitForStatus(({ disk: { level, reserveBytes } }) => level === 'held' && reserveBytes === 0, 'held');
    const redis = await place.redisPid();
    await first.kill();
    if (redis !== null) process.kill(redis, 'SIGKILL');
    await place.waitForNoProcess();
    const second = await place.start();
    const { store } = await second.waitForStatus(({ disk: { level } }) => level === 'held', 'it is held');
    expect((await second.call('exchanges.recent', { limit: 5 })).length).toBeLessThanOrEqual(5);

    disk.clear();
    await expectGoingOn(second, store.records, performance.now());

    await expectWhole(place, second);
    expect(await second.stop()).toBe(0);
  });

  it('is full when Holdfast is stopped: it ends in time and cleanly, thanks to its reserve', async () => {
    await using place = await Workplace.make();
    using disk = SmallDisk.mount(place.home, 64);
    await place.settings(SMALL);
    makeTranscripts({ directory: place.claude, mb: 2, files: 6, seed: 7 });
    const holdfast = await place.start();
    await holdfast.waitForStatus(({ disk: { reserveBytes } }) => reserveBytes > 0, 'the reserve');

    disk.fill();
    await holdfast.waitForStatus(({ disk: { reserveBytes } }) => reserveBytes === 0, 'the reserve is given back');
    await holdfast.call('recording.pause', { minutes: null });
    await holdfast.call('recording.resume', {});
    const code = await holdfast.stop();
    disk.clear();

    expect(code).toBe(0);
    await expectWhole(place, await place.start());
  });
});

describe('the disk of one part', () => {
  it('archive: what does not fit stays where it was, and is recorded when there is room', async () => {
    await using place = await Workplace.make();
    using disk = SmallDisk.mount(path.join(place.home, 'archive'), 5);
    await place.settings({ disk: { warnBelowMegabytes: 1, holdBelowMegabytes: 1, reserveMegabytes: 1 } });
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const holdfast = await place.start();
    await isHeld(holdfast);

    const { archive } = await holdfast.status();
    disk.resize(200);
    await holdfast.waitForStatus((seen) => seen.archive.bytes > archive.bytes, 'archiving goes on', GOES_ON_WITHIN_MS);

    await expectWhole(place, holdfast);
  });

  it('database: nothing is lost, what is archived is saved when there is room', async () => {
    await using place = await Workplace.make();
    using disk = SmallDisk.mount(place.home, 3);
    using archive = SmallDisk.mount(path.join(place.home, 'archive'), 64);
    using redis = SmallDisk.mount(path.join(place.home, 'redis'), 64);
    await place.settings({ disk: { warnBelowMegabytes: 1, holdBelowMegabytes: 1, reserveMegabytes: 1 } });
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const holdfast = await place.start();
    await isHeld(holdfast);

    const { store, safety } = await holdfast.status();
    disk.resize(200);
    expect(safety.allSaved).toBe(false);
    await expectGoingOn(holdfast, store.records, performance.now());

    await expectWhole(place, holdfast);
    expect([archive, redis].every(({ freeBytes }) => freeBytes > MB)).toBe(true);
  });

  it('queue: archiving goes on, and saving as soon as Redis has room', async () => {
    await using place = await Workplace.make();
    using disk = SmallDisk.mount(path.join(place.home, 'redis'), 1);
    const holdfast = await place.start();
    append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'before')]));
    await holdfast.waitForExchanges(1);
    const before = (await place.logLines()).length;

    disk.fill();
    const from = performance.now();
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    await holdfast.waitForStatus(({ archive }) => archive.bytes > 11 * MB, 'everything is archived', 60_000);
    await holdfast.waitForStatus(
      ({ queue }) => queue.server.aof === 'error',
      'Redis says that it cannot write',
      30_000,
    );
    await expectQuietLog(place, (performance.now() - from) / 1000, before);
    const { store } = await holdfast.status();
    disk.clear();
    disk.resize(64);
    await expectGoingOn(holdfast, store.records, performance.now());

    await expectWhole(place, holdfast);
  });
});
