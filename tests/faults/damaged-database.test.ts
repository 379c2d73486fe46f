import { closeSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import { SeededRandom } from '../../bench/transcripts/random.ts';
import { isAlive } from '../support/child-process.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectSame, expectedExchanges } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

const TRANSCRIPTS = { mb: 6, files: 16, seed: 21 };
const SESSION = idOf('after the damage');

function databaseOf(place: Workplace): string {
  return path.join(place.home, 'holdfast.db');
}

/**
 * Everything that was generated, saved, and all of it in the database file: what its log still held would stand in for damaged
 * pages. Then killed in a second run, so that the next one cannot think that all is well.
 */
async function savedAndKilled(): Promise<Workplace> {
  const place = await Workplace.make();
  const manifest = makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
  const first = await place.start();
  await first.waitForExchanges(manifest.exchanges, 60_000);
  await first.stop();
  const holdfast = await place.start();
  const redis = await place.redisPid();
  await holdfast.kill();
  if (redis !== null && isAlive(redis)) process.kill(redis, 'SIGKILL');
  await place.waitForNoProcess();
  return place;
}

/** What was saved before and what is written from now on is there once, and the database is complete. */
async function expectWhole(place: Workplace, holdfast: Headless): Promise<void> {
  append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, `later ${String(performance.now())}`)]));
  const expected = expectedExchanges(place.claude);
  const main = [...expected.values()].filter((exchange) => !exchange.is_subagent);
  await holdfast.waitForExchanges(main.length, 60_000);
  await holdfast.waitForStatus(
    ({ upkeep, safety }) => safety.allSaved && (upkeep.recovery === null || upkeep.recovery.state === 'done'),
    'the database is complete',
    60_000,
  );
  expectClean(await holdfast.verify());
  expectSame(expected, await place.export());
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

describe('a database whose beginning is overwritten', () => {
  it('is put aside and made anew from the archive, and people are told', async () => {
    await using place = await savedAndKilled();
    overwrite(databaseOf(place), 0, Buffer.alloc(200, 0xa5));

    const since = performance.now();
    const holdfast = await place.start();
    await expectWhole(place, holdfast);

    console.log(`whole again after ${(performance.now() - since).toFixed(0)} ms`);
    const { upkeep, alarms } = await holdfast.status();
    expect(upkeep.recovery).toMatchObject({ cause: 'damage', backup: null, state: 'done' });
    expect(statSync(upkeep.recovery?.setAside ?? '').size).toBeGreaterThan(0);
    expect(alarms.map((alarm) => alarm.key)).toContain('store.recovered');
    expect(await holdfast.stop()).toBe(0);
  });
});
