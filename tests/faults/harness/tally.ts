/** Adds up what happened over the epochs, and says it in one line. */
import { quantile } from '../../../bench/statistics.ts';
import type { FaultMessage } from './nemesis-message.ts';
import type { Verdict } from './verdict.ts';

export class Tally {
  readonly #recoveries = new Map<string, number[]>();
  readonly #faults = new Map<string, number>();
  #kills = 0;
  #exchanges = 0;
  #lost = 0;
  #duplicated = 0;
  #wrong = 0;

  get kills(): number {
    return this.#kills;
  }

  get faults(): number {
    return [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
  }

  get isClean(): boolean {
    return this.#lost + this.#duplicated + this.#wrong === 0;
  }

  addFault({ kind, kills, recoveredMs }: FaultMessage): void {
    this.#kills += kills;
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
    if (recoveredMs !== null) this.#recoveries.set(kind, [...(this.#recoveries.get(kind) ?? []), recoveredMs / 1000]);
  }

  addVerdict({ exchanges, lost, duplicated, wrong }: Verdict): void {
    this.#exchanges += exchanges;
    this.#lost += lost.length;
    this.#duplicated += duplicated.length;
    this.#wrong += wrong.length;
  }

  /** One line for each kind of fault: how many, and how long recording took to go on. */
  byKind(): readonly string[] {
    return [...this.#faults].sort().map(([kind, count]) => {
      const seconds = this.#recoveries.get(kind) ?? [];
      const recovery =
        seconds.length === 0
          ? 'not waited for'
          : `${recoveryText(seconds)}, longest ${Math.max(...seconds).toFixed(2)} s`;
      return `  ${kind.padEnd(14)} ${String(count).padStart(6)}   recovery p50/p99 ${recovery}`;
    });
  }

  /** The result. */
  line(): string {
    const all = [...this.#recoveries.values()].flat();
    return (
      `${String(this.#kills)} kills, ${String(this.faults)} faults, ${String(this.#exchanges)} exchanges, ` +
      `${String(this.#lost)} lost, ${String(this.#duplicated)} duplicated, ${String(this.#wrong)} wrong, ` +
      `recovery p50/p99 ${recoveryText(all)}`
    );
  }
}

function recoveryText(seconds: readonly number[]): string {
  if (seconds.length === 0) return '-/- s';
  return `${quantile(seconds, 0.5).toFixed(2)}/${quantile(seconds, 0.99).toFixed(2)} s`;
}
