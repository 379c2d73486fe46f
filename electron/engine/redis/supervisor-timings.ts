/** Bounds of the supervisor, all in milliseconds; tests make them short. */
export interface SupervisorTimings {
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  /** Pings in a row without an answer, after which the server counts as hung. */
  readonly missesAllowed: number;
  /** From the start of the process to the first PONG; loading 256 MB takes seconds. */
  readonly readyWithinMs: number;
  /** A hung server gets SIGTERM, this long, then SIGKILL. */
  readonly hungGraceMs: number;
  /** On a clean stop: SHUTDOWN, this long, SIGTERM, a third of it, SIGKILL. */
  readonly stopGraceMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMostMs: number;
  /** So many failures within the window make the state `failed`: the caller records without a queue meanwhile. */
  readonly failuresAllowed: number;
  readonly failureWindowMs: number;
  /** Between tries when failed or when the disk is full; doubled at most, by chance. */
  readonly retryWhenFailedMs: number;
  /** How often a missing program is looked for again. */
  readonly lookAgainMs: number;
  /** How long `start` waits for the first outcome. */
  readonly startWithinMs: number;
}

export const DEFAULT_TIMINGS: SupervisorTimings = {
  pingEveryMs: 5000,
  pingTimeoutMs: 1500,
  missesAllowed: 3,
  readyWithinMs: 60_000,
  hungGraceMs: 5000,
  stopGraceMs: 2000,
  backoffFirstMs: 1000,
  backoffMostMs: 60_000,
  failuresAllowed: 5,
  failureWindowMs: 600_000,
  retryWhenFailedMs: 30_000,
  lookAgainMs: 60_000,
  startWithinMs: 15_000,
};
