import type { Clock } from '../../core/clock.ts';

/** Time that passes only when somebody sleeps, and then at once. */
export class RushingClock implements Clock {
  readonly #tasks = new Set<() => void>();
  #elapsed = 0;
  readonly #start = Date.UTC(2026, 10, 22);

  /** Repeated tasks that were not ended. */
  get openTasks(): number {
    return this.#tasks.size;
  }

  now(): number {
    return this.#start + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#elapsed += ms;
    for (const task of this.#tasks) task();
    await Promise.resolve();
    signal?.throwIfAborted();
  }

  every(_ms: number, task: () => void): Disposable {
    this.#tasks.add(task);
    return { [Symbol.dispose]: () => this.#tasks.delete(task) };
  }
}
