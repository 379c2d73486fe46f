/** Percentiles over a moving window of time. */
export class LatencyWindow {
  readonly #windowMs: number;
  readonly #monotonic: () => number;
  #samples: { readonly at: number; readonly ms: number }[] = [];

  /** More samples than this are thinned out: the oldest go first. */
  static readonly MOST = 5000;

  constructor(windowMs: number, monotonic: () => number) {
    this.#windowMs = windowMs;
    this.#monotonic = monotonic;
  }

  add(ms: number): void {
    this.#samples.push({ at: this.#monotonic(), ms });
    if (this.#samples.length > LatencyWindow.MOST) this.#samples = this.#samples.slice(-LatencyWindow.MOST / 2);
  }

  /** @returns for each share (0…1) the value below which that share of the samples lies; null without samples */
  percentiles(shares: readonly number[]): (number | null)[] {
    const since = this.#monotonic() - this.#windowMs;
    this.#samples = this.#samples.filter((sample) => sample.at >= since);
    const sorted = this.#samples.map((sample) => sample.ms).sort((a, b) => a - b);
    return shares.map((share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null);
  }
}
