import type { Clock } from '../core/clock.ts';

/** A file counts as hot for this long after its last change. */
const HOT_MS = 10 * 60_000;
const MOST = 500;

/** Files that were touched lately. Bounded: the ones longest quiet are dropped first. */
export class HotFiles {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#until.size;
  }

  add(file: string): void {
    this.#until.delete(file);
    this.#until.set(file, this.#clock.monotonic() + HOT_MS);
    if (this.#until.size <= MOST) return;
    const oldest = this.#until.keys().next();
    if (oldest.done !== true) this.#until.delete(oldest.value);
  }

  has(file: string): boolean {
    return (this.#until.get(file) ?? -Infinity) >= this.#clock.monotonic();
  }

  files(): string[] {
    const now = this.#clock.monotonic();
    for (const [file, until] of this.#until) if (until < now) this.#until.delete(file);
    return [...this.#until.keys()];
  }
}
