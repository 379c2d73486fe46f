import type { Clock } from './core/clock.ts';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';

/**
 * Knows when a pause is over: at the time of day that was set, or when as much time has passed since it was seen first. A clock
 * that is set back must not make an hour's pause one of years.
 */
export class PauseEnd {
  readonly #clock: Clock;
  #seen: { readonly until: EpochMs; readonly monotonic: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be asked every second or so; false when there is no pause, or none with an end. */
  isReached({ paused, until }: StatusSnapshot['pause']): boolean {
    if (!paused || until === null) {
      this.#seen = null;
      return false;
    }
    const [now, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    if (this.#seen?.until !== until) this.#seen = { until, monotonic: monotonic + until - now };
    return now >= until || monotonic >= this.#seen.monotonic;
  }
}
