import { expect, it } from 'vitest';
import { Emitter } from './core/emitter.ts';
import { StoreError } from './core/errors.ts';
import { silentLogger } from './core/logger.ts';
import { ManualClock } from './core/test-support/manual-clock.ts';
import { until } from './core/test-support/until.ts';
import { PartsFollower } from './parts-follower.ts';

class Bed implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly saved = new Emitter<{ readonly changedExchanges: number }>();
  readonly follower: PartsFollower;
  waiting = 0;
  indexed = 0;
  isBusy = false;
  failures = 0;

  constructor() {
    this.follower = new PartsFollower({
      indexSome: (most) => {
        if (this.failures > 0) {
          this.failures -= 1;
          return Promise.reject(new StoreError('STORE_FULL', 'full', { retryable: true }));
        }
        const some = Math.min(most, this.waiting);
        this.waiting -= some;
        this.indexed += some;
        return Promise.resolve(some);
      },
      isBusy: () => this.isBusy,
      saved: this.saved,
      clock: this.clock,
      logger: silentLogger,
      random: () => 0.5,
    });
  }

  save(count: number): void {
    this.waiting += count;
    this.saved.emit({ changedExchanges: count });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.follower.stop();
  }
}

it('indexes what an earlier run has left, and everything that is saved', async () => {
  await using bed = new Bed();
  bed.waiting = 120;

  await bed.follower.start();
  await until(() => bed.indexed === 120);
  bed.save(3);

  await until(() => bed.indexed === 123);
  expect(bed.waiting).toBe(0);
});

it('lets transcripts go first', async () => {
  await using bed = new Bed();
  bed.isBusy = true;
  await bed.follower.start();
  bed.save(3);
  await until(() => bed.clock.sleeping.length > 0);

  expect(bed.indexed).toBe(0);

  bed.isBusy = false;
  bed.clock.advance(250);
  await until(() => bed.indexed === 3);
});

it('tries again when the database fails', async () => {
  await using bed = new Bed();
  bed.failures = 2;
  bed.waiting = 5;
  await bed.follower.start();

  await until(() => {
    bed.clock.advance(60_000);
    return bed.indexed === 5;
  });
  expect(bed.waiting).toBe(0);
});
