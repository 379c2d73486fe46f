import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import { SeededRandom } from '../../bench/transcripts/random.ts';
import { isAlive } from '../support/child-process.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { differenceOf, expectedExchanges } from '../support/transcript-oracle.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Workplace } from '../support/workplace.ts';

const MB = 42;
const FILES = 60;
/** The last round has two: twenty kills in all. */
const KILLS_OF_ROUNDS = [3, 3, 3, 3, 3, 3, 2];
/** Set it to repeat a run; what is killed and when follows from it, what happens then does not. */
const SEED = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000);
const KINDS = ['app', 'redis', 'both'] as const;
/** Moments are spread over this part of an undisturbed import, so that several of them fit into one. */
const SPREAD = 0.6;

interface Tally {
  kills: number;
  /** Of them, those that came before everything was saved. */
  midway: number;
  exchanges: number;
  lost: number;
  duplicated: number;
}

/** How long the import takes when nothing disturbs it, from the moment at which Holdfast says that it records. */
async function undisturbedMs(place: Workplace, exchanges: number): Promise<number> {
  const holdfast = await place.start();
  const since = performance.now();
  await holdfast.waitForExchanges(exchanges, 60_000);
  const tookMs = performance.now() - since;
  expect(await holdfast.stop()).toBe(0);
  await place.forgetEverything();
  return tookMs;
}

async function killRedis(place: Workplace): Promise<void> {
  const pid = await waitUntil(
    () => place.redisPid(),
    (seen) => seen !== null && isAlive(seen),
    'a Redis to kill',
  );
  process.kill(pid ?? 0, 'SIGKILL');
}

/** @returns the one that runs now */
async function strike(place: Workplace, holdfast: Headless, kind: (typeof KINDS)[number]): Promise<Headless> {
  if (kind !== 'app') await killRedis(place);
  if (kind === 'redis') return holdfast;
  await holdfast.kill();
  return place.start();
}

describe('an import that is killed at random moments', () => {
  it('ends complete and without duplicates after the next start, whatever was killed', async () => {
    await using place = await Workplace.make();
    const random = new SeededRandom(SEED);
    const manifest = makeTranscripts({ directory: place.claude, mb: MB, files: FILES, seed: 11 });
    const expected = expectedExchanges(place.claude);
    const most = (await undisturbedMs(place, manifest.exchanges)) * SPREAD;
    const tally: Tally = { kills: 0, midway: 0, exchanges: 0, lost: 0, duplicated: 0 };
    console.log(`seed ${String(SEED)}, moments within ${most.toFixed(0)} ms`);

    for (const kills of KILLS_OF_ROUNDS) {
      let holdfast = await place.start();
      for (let kill = 0; kill < kills; kill += 1) {
        await sleep(random.next() * most);
        const { store } = await holdfast.status();
        if (store.exchanges < manifest.exchanges) tally.midway += 1;
        holdfast = await strike(place, holdfast, random.pick(KINDS));
        tally.kills += 1;
      }
      expectClean(await holdfast.verify());
      const difference = differenceOf(expected, await place.export());
      expect(difference).toEqual({ lost: [], duplicated: [], unexpected: [], wrong: [] });
      tally.exchanges += expected.size;
      tally.lost += difference.lost.length;
      tally.duplicated += difference.duplicated.length;
      expect(await holdfast.stop()).toBe(0);
      await place.waitForNoProcess();
      await place.forgetEverything();
    }

    const { kills, midway, exchanges, lost, duplicated } = tally;
    console.log(`${String(midway)} of them in the middle of the import`);
    console.log(
      `${String(kills)} kills, ${String(exchanges)} exchanges, ${String(lost)} lost, ${String(duplicated)} duplicated`,
    );
    expect({ kills, lost, duplicated }).toEqual({ kills: 20, lost: 0, duplicated: 0 });
    // Kills after the end would prove nothing.
    expect(midway).toBeGreaterThanOrEqual(KILLS_OF_ROUNDS.length);
  });
});
