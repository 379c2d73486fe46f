/**
 * Every input and output of the program under test waits here until the schedule lets it happen, so that a schedule
 * decides about each order of events and a crash may come between any two of them.
 */
interface Waiting {
  /** What happens on one lane (a connection, a thread) happens in order. */
  readonly lane: object;
  readonly happen: () => void;
}

export class IoSteps {
  #waiting: Waiting[] = [];
  /** A lane on which nothing happens for now; null: all go on. */
  held: object | null = null;

  /** Effects that could happen next. */
  get ready(): number {
    return this.#next().length;
  }

  /** @returns what the effect gives, once the schedule has let it happen; never, when the program dies before */
  take<T>(effect: () => T, lane: object = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const happen = (): void => {
        try {
          resolve(effect());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#waiting.push({ lane, happen });
    });
  }

  /** Lets one of the effects happen that could, and everything that follows from it without another. */
  async step(pick: number): Promise<boolean> {
    const next = this.#next();
    const chosen = next[pick % Math.max(1, next.length)];
    if (chosen === undefined) return false;
    this.#waiting = this.#waiting.filter((waiting) => waiting !== chosen);
    chosen.happen();
    await settled();
    return true;
  }

  /** What was asked for on one lane happens now: it had been sent before the link broke. */
  finish(lane: object): void {
    const mine = this.#waiting.filter((waiting) => waiting.lane === lane);
    this.#waiting = this.#waiting.filter((waiting) => waiting.lane !== lane);
    for (const waiting of mine) waiting.happen();
  }

  /** The program is dead: what it waits for never comes. */
  abandon(): void {
    this.#waiting = [];
  }

  #next(): readonly Waiting[] {
    const lanes = new Set<object>();
    return this.#waiting.filter(({ lane }) => {
      if (lane === this.held || lanes.has(lane)) return false;
      lanes.add(lane);
      return true;
    });
  }
}

/** Nothing in the program waits for anything but effects and the clock, so one turn of the loop is enough. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
