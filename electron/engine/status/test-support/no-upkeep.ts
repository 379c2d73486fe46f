import type { Upkeep } from '../../../../shared/status.ts';

/** Of a database that nothing has happened to yet. */
export const NO_UPKEEP: Upkeep = {
  recovery: null,
  backup: { lastAt: null, kept: 0, failure: null },
  scrub: {
    roundStartedAt: null,
    doneBytes: 0,
    totalBytes: 0,
    lastRoundAt: null,
    databaseCheckedAt: null,
    repaired: 0,
    damaged: 0,
    damagedRanges: [],
  },
};
