import { once } from 'node:events';

/** Bounds how much is under way: whoever adds asks first whether it is full. It may overshoot by what several add at once. */
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

  get isFull(): boolean {
    return this.#held >= this.#most;
  }

  take(amount: number): void {
    this.#held += amount;
  }

  /** More may be released than was taken: entries of an earlier run come out of the queue as well. */
  release(amount: number): void {
    this.#held = Math.max(0, this.#held - amount);
    if (!this.isFull) this.#freed.dispatchEvent(new Event('freed'));
  }

  /** What was under way is forgotten: it will be taken again. */
  reset(): void {
    this.release(this.#held);
  }

  /** Resolves when something is released and there is room; somebody else may be faster. Rejects with an AbortError. */
  async freed(signal: AbortSignal): Promise<void> {
    await once(this.#freed, 'freed', { signal });
  }
}
