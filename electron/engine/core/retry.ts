export interface BackoffOptions {
  readonly firstMs: number;
  readonly mostMs: number;
  /** 0…1; injected so that tests are deterministic. */
  readonly random: () => number;
}

/**
 * Delay before the nth retry: doubled each time, between half and all of it (equal jitter), so that it neither
 * synchronises with others nor collapses to zero.
 * @param attempt 1-based
 * @returns milliseconds
 */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const ceiling = Math.min(options.mostMs, options.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * options.random());
}
