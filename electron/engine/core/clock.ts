import { setTimeout as sleepTimer } from 'node:timers/promises';
import type { EpochMs } from '../../../shared/time.ts';

/** Time, injected. The wall clock may jump (sleep, NTP); durations use the monotonic one. */
export interface Clock {
  /** Wall clock, epoch ms. */
  now(): EpochMs;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with an AbortError when `signal` fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `task` every `ms` until disposed. Does not keep the process alive. */
  every(ms: number, task: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleepTimer(ms, undefined, signal === undefined ? {} : { signal });
  },
  every: (ms, task) => {
    const timer = setInterval(task, ms);
    timer.unref();
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
      },
    };
  },
};
