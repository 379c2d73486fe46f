import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchanges, textOf } from '../support/session-lines.ts';
import { ShiftedClock } from '../support/shifted-clock.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

/** How long everything stands still. `npm run faults:sleep -- --seconds 600` sets it. */
const ASLEEP_MS = Number(process.env['HOLDFAST_SLEEP_SECONDS'] ?? 4) * 1000;
/** A machine that sleeps stops the monotonic clock as well, which SIGSTOP does not: the wall clock jumps in addition. */
const NIGHT_MS = 8 * 3_600_000;
const CAUGHT_UP_MS = 10_000;
const SESSION = idOf('before and after the night');

describe('a machine that sleeps and wakes', () => {
  it(
    'has caught up within ten seconds, with the same Redis or another one',
    async () => {
      await using place = await Workplace.make();
      using clock = new ShiftedClock(place.root, 'clock');
      const file = sessionFile(place.projects, SESSION);
      append(file, textOf(smallExchanges(SESSION, 'evening', 5)));
      const holdfast = await place.start({ env: clock.env });
      await holdfast.waitForExchanges(5);
      const redis = await place.redisPid();

      holdfast.signal('SIGSTOP');
      process.kill(redis ?? 0, 'SIGSTOP');
      await sleep(ASLEEP_MS);
      clock.set(NIGHT_MS);
      // Written in the moment of waking, by an agent that was faster.
      append(file, textOf(smallExchanges(SESSION, 'morning', 5)));
      process.kill(redis ?? 0, 'SIGCONT');
      holdfast.signal('SIGCONT');
      const wokenAt = performance.now();
      await holdfast.waitForExchanges(10, CAUGHT_UP_MS);
      console.log(
        `asleep for ${String(ASLEEP_MS / 1000)} s, caught up after ${(performance.now() - wokenAt).toFixed(0)} ms`,
      );

      // Its connections work, or have been made again.
      append(file, textOf(smallExchanges(SESSION, 'day', 5)));
      await holdfast.waitForExchanges(15, CAUGHT_UP_MS);
      expect(await holdfast.status()).toMatchObject({ queue: { mode: 'redis' }, safety: { watcherAlive: true } });
      expectClean(await holdfast.verify());
      expectSame(expectedExchanges(place.claude), await place.export());
      expect(await holdfast.stop()).toBe(0);
    },
    60_000 + ASLEEP_MS,
  );
});
