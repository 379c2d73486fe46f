import { randomInt } from 'node:crypto';

export interface ModelRuns {
  /** Schedules for each seed. */
  readonly runs: number;
  readonly seeds: readonly number[];
  /** Most commands of a schedule. */
  readonly mostSteps: number;
  /** Whether a schedule that fails is made as short as it can be, which may take a minute. */
  readonly shrinks: boolean;
}

const FIXED_SEED = 20_261_122;

/**
 * How much is tried: by default a fixed seed and a new one, which the name of the test shows. `MODEL_RUNS` sets the number of
 * schedules for each seed, `MODEL_SEEDS` the seeds, separated by commas, `MODEL_STEPS` the most commands of a schedule;
 * `MODEL_SHRINKS=no` reports the first schedule that fails as it is.
 */
export function modelRuns(env: Readonly<Record<string, string | undefined>> = process.env): ModelRuns {
  const seeds = env['MODEL_SEEDS']?.split(',').map(Number) ?? [FIXED_SEED, randomInt(2 ** 31 - 1)];
  return {
    runs: Number(env['MODEL_RUNS'] ?? 200),
    seeds,
    mostSteps: Number(env['MODEL_STEPS'] ?? 40),
    shrinks: env['MODEL_SHRINKS'] !== 'no',
  };
}
