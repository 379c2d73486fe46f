import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import { SeededRandom } from '../../bench/transcripts/random.ts';
import type { StatusSnapshot } from '../../shared/status.ts';
import { isAlive } from '../support/child-process.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectSame, expectedExchanges } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

const TRANSCRIPTS = { mb: 5, files: 12, seed: 21 };
const SESSION = idOf('after the damage');
const DAMAGED_BYTES = 200;
/** Of them some hit nothing that is in use; how much is found of what was hit is measured beside the check itself. */
const SEEDS = [3, 1, 6];

function databaseOf(place: Workplace): string {
  return path.join(place.home, 'holdfast.db');
}

async function killAll(place: Workplace, holdfast: Headless): Promise<void> {
  const redis = await place.redisPid();
  await holdfast.kill();
  if (redis !== null && isAlive(redis)) process.kill(redis, 'SIGKILL');
  await place.waitForNoProcess();
}

/** Everything that was generated is saved, by a Holdfast that still runs. */
async function saved(place: Workplace): Promise<Headless> {
  const manifest = makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
  const holdfast = await place.start();
  await holdfast.waitForExchanges(manifest.exchanges, 60_000);
  return holdfast;
}

/**
 * All of it is in the database file: what its log still held would stand in for damaged pages. Killed in a second run, so that the
 * next one cannot think that all is well.
 */
async function killedWithoutLog(place: Workplace, holdfast: Headless): Promise<void> {
  for (let running = holdfast; ; running = await place.start()) {
    expect(await running.stop()).toBe(0);
    await killAll(place, await place.start());
    // The index of parts of words may not have caught up before, and went on in the second run.
    const log = `${databaseOf(place)}-wal`;
    if (!existsSync(log) || statSync(log).size === 0) return;
  }
}

/** What was saved before and what is written from now on is there once, and the database is complete. */
async function expectWhole(place: Workplace, holdfast: Headless): Promise<StatusSnapshot['upkeep']> {
  append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, `later ${String(performance.now())}`)]));
  const expected = expectedExchanges(place.claude);
  const main = [...expected.values()].filter((exchange) => !exchange.is_subagent);
  await holdfast.waitForStatus(
    ({ upkeep, safety, store, startedAt }) =>
      (upkeep.scrub.databaseCheckedAt ?? 0) >= startedAt &&
      store.exchanges >= main.length &&
      safety.allSaved &&
      (upkeep.recovery === null || upkeep.recovery.state === 'done'),
    'the database is complete',
    60_000,
  );
  expectClean(await holdfast.verify());
  expectSame(expected, await place.export());
  return (await holdfast.status()).upkeep;
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

/** As many random bytes as a bad sector might have, somewhere. */
function damageSomewhere(file: string, seed: number): void {
  const random = new SeededRandom(seed);
  const at = Math.floor(random.next() * (statSync(file).size - DAMAGED_BYTES));
  overwrite(file, at, Buffer.from(Array.from({ length: DAMAGED_BYTES }, () => Math.floor(random.next() * 256))));
}

describe('a database that is damaged while nothing runs', () => {
  it('at its beginning: is put aside and made anew from the archive, and people are told', async () => {
    await using place = await Workplace.make();
    await killedWithoutLog(place, await saved(place));
    overwrite(databaseOf(place), 0, Buffer.alloc(DAMAGED_BYTES, 0xa5));

    const since = performance.now();
    const holdfast = await place.start();
    const { recovery } = await expectWhole(place, holdfast);

    console.log(`complete again ${(performance.now() - since).toFixed(0)} ms after the start`);
    expect(recovery).toMatchObject({ cause: 'damage', backup: null, state: 'done' });
    expect(statSync(recovery?.setAside ?? '').size).toBeGreaterThan(0);
    const { alarms } = await holdfast.status();
    expect(alarms.map((alarm) => alarm.key)).toContain('store.recovered');
    expect((await place.cli(['status'])).stdout).toContain(recovery?.setAside);
    const { checks } = await holdfast.call('health.get', {});
    expect(checks.find((check) => check.name === 'upkeep')?.reason).toContain(recovery?.setAside);
    expect(await holdfast.stop()).toBe(0);
  });

  it('somewhere: whatever was there is there again', async () => {
    await using place = await Workplace.make();
    let holdfast = await saved(place);
    const outcomes: string[] = [];

    for (const seed of SEEDS) {
      await rm(path.join(place.home, 'recoveries.json'), { force: true });
      await killedWithoutLog(place, holdfast);
      damageSomewhere(databaseOf(place), seed);
      holdfast = await place.start();
      const { recovery } = await expectWhole(place, holdfast);
      outcomes.push(`${String(seed)}: ${recovery?.cause ?? 'nothing was hit'}`);
    }

    console.log(outcomes.join(', '));
    expect(outcomes.some((outcome) => outcome.endsWith('damage'))).toBe(true);
  });
});

const LOGS: readonly (readonly [name: string, harm: (database: string) => void])[] = [
  ['without its -wal', (database) => rmSync(`${database}-wal`)],
  ['without its -shm', (database) => rmSync(`${database}-shm`)],
  [
    'with half of its -wal',
    (database) => truncateSync(`${database}-wal`, Math.floor(statSync(`${database}-wal`).size / 2)),
  ],
  ['with an empty -shm', (database) => truncateSync(`${database}-shm`, 0)],
  ['with a -journal of something else', (database) => copyFileSync(`${database}-wal`, `${database}-journal`)],
];

describe('a database that is found after a kill', () => {
  it('without its log, or with half of one: ends with everything, once', async () => {
    await using place = await Workplace.make();
    let holdfast = await saved(place);

    for (const [name, harm] of LOGS) {
      append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, `before ${name}`)]));
      await holdfast.waitForStatus(({ safety, watcher }) => safety.allSaved && watcher.lagMs === 0, 'all is saved');
      await killAll(place, holdfast);
      expect(statSync(`${databaseOf(place)}-wal`).size).toBeGreaterThan(0);
      harm(databaseOf(place));
      holdfast = await place.start();
      await expectWhole(place, holdfast);
    }

    expect(await holdfast.stop()).toBe(0);
  });
});

describe('a database that is damaged while Holdfast runs', () => {
  it('is replaced while recording goes on', async () => {
    await using place = await Workplace.make();
    await killedWithoutLog(place, await saved(place));
    const holdfast = await place.start();
    await holdfast.waitForStatus(({ upkeep }) => upkeep.scrub.databaseCheckedAt !== null, 'the check after the kill');
    // Everything but the first page, which the running program has read: it meets the damage with its next question.
    const { size } = statSync(databaseOf(place));
    overwrite(databaseOf(place), 4096, Buffer.alloc(size - 4096, 0xa5));

    const { recovery } = await expectWhole(place, holdfast);

    expect(recovery).toMatchObject({ cause: 'damage', state: 'done' });
    expect(readdirSync(place.home).filter((name) => name.startsWith('holdfast.db.damaged-'))).not.toEqual([]);
    expect(await holdfast.stop()).toBe(0);
  });
});
