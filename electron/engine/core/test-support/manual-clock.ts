import type { Clock } from '../clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that passes only when the test says so. Both clocks start at the same figure, until the wall clock is set. */
export class ManualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  readonly #repeats = new Set<{ readonly everyMs: number; next: number; readonly task: () => void }>();
  #now: number;
  #shift = 0;

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  /** Milliseconds that each sleeper still has to wait, shortest first. */
  get sleeping(): readonly number[] {
    return [...this.#sleepers].map((sleeper) => sleeper.at - this.#now).sort((a, b) => a - b);
  }

  now(): number {
    return this.#now + this.#shift;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(abortError());
        return;
      }
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(abortError());
      };
      const sleeper = {
        at: this.#now + ms,
        wake: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.add(sleeper);
      if (ms <= 0) this.#wakeDue();
    });
  }

  every(ms: number, task: () => void): Disposable {
    const repeat = { everyMs: ms, next: this.#now + ms, task };
    this.#repeats.add(repeat);
    return { [Symbol.dispose]: () => void this.#repeats.delete(repeat) };
  }

  /** Somebody sets the wall clock. */
  setBy(ms: number): void {
    this.#shift += ms;
  }

  advance(ms: number): void {
    this.#now += ms;
    this.#wakeDue();
    for (const repeat of [...this.#repeats]) {
      if (repeat.next > this.#now) continue;
      repeat.next = this.#now + repeat.everyMs;
      repeat.task();
    }
  }

  #wakeDue(): void {
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}

function abortError(): Error {
  return new DOMException('This operation was aborted', 'AbortError');
}
