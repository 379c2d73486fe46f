/** Limits of the readings, as the status window draws them. Ages in ms. Sources: the design's table of thresholds. */
export const THRESHOLDS = {
  pending: { warn: 10, alarm: 50, delayMs: 60_000 },
  depth: { warn: 100, alarm: 500, delayMs: 60_000 },
  oldestAgeMs: { warn: 60_000, alarm: 300_000, delayMs: 0 },
  beatAgeMs: { warn: 60_000, alarm: 120_000, delayMs: 0 },
  unsavedForMs: { warn: 60_000, alarm: 120_000, delayMs: 0 },
  deadLetters: { warn: 0, alarm: 9, delayMs: 0 },
  latencyP95Ms: { warn: 250, alarm: 500, delayMs: 300_000 },
  walBytes: { warn: 128 * 1024 * 1024, alarm: Infinity, delayMs: 0 },
  redisMemoryShare: { warn: 0.75, alarm: 0.9, delayMs: 60_000 },
} as const;

/** `maxmemory` of the bundled Redis. */
export const REDIS_MEMORY_BYTES = 256 * 1024 * 1024;

/** How long the bypass may be in use before it is an alarm: a restart of Redis takes a few seconds. */
export const BYPASS_DELAY_MS = 30_000;

/** How long it is told that the database was damaged and is complete again. */
export const RECOVERY_TOLD_MS = 24 * 3_600_000;
