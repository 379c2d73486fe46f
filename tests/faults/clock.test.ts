import { describe, expect, it } from 'vitest';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { OwnRedis } from '../support/redis-server.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { ShiftedClock } from '../support/shifted-clock.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

const DAY_MS = 86_400_000;
const YEARS_MS = 3652 * DAY_MS;
/** The bound of the promise; a save takes a fraction of a second. */
const STALL_MS = 60_000;
/** A read of the queue waits for five seconds, if the clock of Redis goes on. */
const READ_MS = 8000;
const SESSION = idOf('through all times');

/** How wrong the two clocks are, one after the other. */
const JUMPS: readonly (readonly [what: string, oursMs: number, ofRedisMs: number])[] = [
  ['a day ahead', DAY_MS, DAY_MS],
  ['back again', 0, 0],
  ['a day behind', -DAY_MS, -DAY_MS],
  ['ten years ahead', YEARS_MS, YEARS_MS],
  ['ten years behind', -YEARS_MS, -YEARS_MS],
  ['ours right, that of Redis ten years behind', 0, -YEARS_MS],
  ['ours ten years behind, that of Redis ahead', -YEARS_MS, YEARS_MS],
  ['both right', 0, 0],
];

/** Two programs whose clocks are set while they run, and one conversation. */
class Times {
  readonly place: Workplace;
  readonly ours: ShiftedClock;
  readonly ofRedis: ShiftedClock;
  readonly prompts: string[] = [];

  constructor(place: Workplace) {
    this.place = place;
    this.ours = new ShiftedClock(place.root, 'our-clock');
    this.ofRedis = new ShiftedClock(place.root, 'clock-of-redis');
  }

  set(oursMs: number, ofRedisMs: number): void {
    this.ours.set(oursMs);
    this.ofRedis.set(ofRedisMs);
  }

  /** Writes an exchange and waits until it is saved. */
  async saveOne(holdfast: Headless, what: string): Promise<StatusSnapshot> {
    const name = `${String(this.prompts.length)} ${what}`;
    const exchange = smallExchange(SESSION, name, this.prompts.length);
    append(sessionFile(this.place.projects, SESSION), textOf([exchange]));
    this.prompts.push(exchange.prompt);
    return holdfast.waitForExchanges(this.prompts.length, STALL_MS);
  }
}

async function expectAllInOrder({ place, prompts }: Times, holdfast: Headless): Promise<void> {
  expectClean(await holdfast.verify());
  const exported = await place.export();
  expectSame(expectedExchanges(place.claude), exported);
  // By the place in the file, whatever time of day it was.
  expect(exported.map((exchange) => exchange.prompt)).toEqual(prompts);
}

describe('a wall clock that jumps', () => {
  it('holds nothing up, loses nothing and changes no order', async () => {
    await using place = await Workplace.make();
    const times = new Times(place);
    await using redis = await OwnRedis.start(place.root, times.ofRedis.env);
    const env = { ...times.ours.env, HOLDFAST_REDIS_URL: redis.url };
    const seen: StatusSnapshot[] = [];

    const running = await place.start({ env });
    for (const [what, oursMs, ofRedisMs] of JUMPS) {
      times.set(oursMs, ofRedisMs);
      seen.push(await running.status(), await times.saveOne(running, what));
    }
    expect(await running.stop()).toBe(0);
    for (const shiftMs of [YEARS_MS, -YEARS_MS]) {
      times.set(shiftMs, shiftMs);
      const restarted = await place.start({ env });
      seen.push(await times.saveOne(restarted, 'set while it did not run'));
      expect(await restarted.stop()).toBe(0);
    }

    const alarms = seen.flatMap((status) => status.alarms.map((alarm) => alarm.key));
    expect(alarms.filter((key) => /beat|unsaved|latency/.test(key))).toEqual([]);
    const holdfast = await place.start({ env });
    await expectAllInOrder(times, holdfast);
    expect(await holdfast.stop()).toBe(0);
  });

  it('does not silence the consumer when that of Redis goes back while nothing is written', async () => {
    await using place = await Workplace.make();
    const times = new Times(place);
    await using redis = await OwnRedis.start(place.root, times.ofRedis.env);
    const holdfast = await place.start({ env: { ...times.ours.env, HOLDFAST_REDIS_URL: redis.url } });
    await times.saveOne(holdfast, 'before');

    times.set(-DAY_MS, -DAY_MS);

    const beatAge = ({ at, consumer }: StatusSnapshot): number => at - (consumer.lastBeatAt ?? 0);
    await holdfast.waitForStatus((status) => beatAge(status) > READ_MS, 'a read that lasts too long', STALL_MS);
    await holdfast.waitForStatus((status) => beatAge(status) < READ_MS, 'the read after it', STALL_MS);
    await times.saveOne(holdfast, 'after');
    await expectAllInOrder(times, holdfast);
    expect(await holdfast.stop()).toBe(0);
  });
});
