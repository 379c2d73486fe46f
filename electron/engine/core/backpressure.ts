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

  /**
   * Adds when there is room. Asking and adding are one step, so that of several that wait not all go ahead at once.
   * @returns false when it is full; nothing was added
   */
  tryTake(amount: number): boolean {
    if (this.#held >= this.#most) return false;
    this.#held += amount;
    return true;
  }

  /** More may be released than was taken: entries of an earlier run come out of the queue as well. */
  release(amount: number): void {
    this.#held = Math.max(0, this.#held - amount);
    if (this.#held < this.#most) this.#freed.dispatchEvent(new Event('freed'));
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
