import { once } from 'node:events';

/** Bounds how much is under way. Whoever adds waits while it is full; it may overshoot by one addition. */
export class Backpressure {
  readonly #most: number;
  readonly #freed = new EventTarget();
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get held(): number {
    return this.#held;
  }

  add(amount: number): void {
    this.#held += amount;
  }

  /** More may be released than was added: entries of an earlier run come out of the queue as well. */
  release(amount: number): void {
    this.#held = Math.max(0, this.#held - amount);
    if (this.#held < this.#most) this.#freed.dispatchEvent(new Event('freed'));
  }

  /** What was under way is forgotten: it will be added again. */
  reset(): void {
    this.release(this.#held);
  }

  async room(signal: AbortSignal): Promise<void> {
    while (this.#held >= this.#most) {
      signal.throwIfAborted();
      await once(this.#freed, 'freed', { signal });
    }
  }
}
