import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { omissions, schedules } from './schedule.ts';
import { modelRuns } from './model-runs.ts';
import { ModelStore } from './model-store.ts';
import { newRecorderProgram } from './recorder-program.ts';
import { World } from './world.ts';

vi.mock('node:fs/promises', async () => {
  const { promisesModule } = await import('./memory-files.ts');
  const { theMachine } = await import('./machine.ts');
  return promisesModule(() => theMachine().files);
});
vi.mock('node:fs', async () => {
  const { syncModule } = await import('./memory-files.ts');
  const { theMachine } = await import('./machine.ts');
  return syncModule(() => theMachine().files);
});
vi.mock(
  '../../electron/engine/redis/redis-supervisor.ts',
  async () => (await import('./stand-ins.ts')).supervisorModule,
);
vi.mock('../../electron/engine/redis/redis-client.ts', async () => (await import('./stand-ins.ts')).clientModule);
vi.mock('../../electron/engine/store-thread.ts', async () => (await import('./stand-ins.ts')).threadModule);

const { runs, seeds, mostSteps, shrinks } = modelRuns();

describe('The recorder, whatever happens in whatever order', () => {
  const template = ModelStore.template();

  beforeEach(() => {
    // Jitter of retries; the clock is the schedule's, so nothing but a schedule may decide.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
  });

  it.each(seeds)('saves everything once, in schedules from the seed %i', async (seed) => {
    let finished = 0;

    await fc.assert(
      fc.asyncProperty(schedules(mostSteps), omissions, fc.nat(), async (schedule, leftOut, drainSeed) => {
        using world = new World(template, newRecorderProgram);
        await fc.asyncModelRun(() => ({ model: { agents: world.agents, leftOut }, real: world }), schedule);
        await world.drain(drainSeed);
        finished += 1;
      }),
      { numRuns: runs, seed, endOnFailure: !shrinks },
    );

    expect(finished).toBeGreaterThanOrEqual(runs);
  });
});
