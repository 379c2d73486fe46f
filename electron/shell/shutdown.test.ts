import { describe, expect, it } from 'vitest';
import { silentLogger } from '../engine/core/logger.ts';
import { ManualClock } from '../engine/core/test-support/manual-clock.ts';
import { STOP_WITHIN_MS, Shutdown } from './shutdown.ts';

function bench(stop: () => Promise<void>) {
  const exits: number[] = [];
  const clock = new ManualClock();
  const exit = (code: number) => exits.push(code);
  return { exits, clock, shutdown: new Shutdown({ stop, exit, clock, logger: silentLogger }) };
}

describe('Shutdown', () => {
  it('stops once and exits with the code of the first who asked', async () => {
    let stops = 0;
    const { exits, clock, shutdown } = bench(() => {
      stops += 1;
      return Promise.resolve();
    });

    await Promise.all([shutdown.request(3), shutdown.request(0)]);

    expect({ stops, exits, sleeping: clock.sleeping }).toEqual({ stops: 1, exits: [3], sleeping: [] });
  });

  it('exits with 1 when a part cannot be stopped', async () => {
    const { exits, shutdown } = bench(() => Promise.reject(new Error('stuck')));

    await shutdown.request();

    expect(exits).toEqual([1]);
  });

  it('exits with 1 when a part does not stop in five seconds', async () => {
    const { exits, clock, shutdown } = bench(() => Promise.withResolvers<void>().promise);

    const ended = shutdown.request();
    expect(clock.sleeping).toEqual([5000]);
    clock.advance(STOP_WITHIN_MS);
    await ended;

    expect(exits).toEqual([1]);
  });
});
