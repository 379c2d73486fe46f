import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Dice } from './dice.ts';
import { settled } from './io-steps.ts';
import { omissions, schedules } from './schedule.ts';
import { modelRuns } from './model-runs.ts';
import { ModelStore } from './model-store.ts';
import { ARCHIVE } from './machine.ts';
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

  it('saves everything once, after whichever step of a large look the power is cut', async () => {
    let cuts = 0;

    for (let steps = 0, isOver = false; !isOver; steps += 1) {
      let isAtRisk = true;
      for (let chance = 0; isAtRisk && chance < MOST_CUTS; chance += 1) {
        ({ isAtRisk, isOver } = await cutAfter(template, steps, chance));
        cuts += 1;
      }
    }

    expect(cuts).toBeGreaterThan(MOST_CUTS);
  });
});

/** Ways in which the power is cut where something is written that is not synced. */
const MOST_CUTS = 40;

async function cutAfter(
  template: Buffer,
  steps: number,
  chance: number,
): Promise<{ readonly isAtRisk: boolean; readonly isOver: boolean }> {
  using world = new World(template, newRecorderProgram);
  const { agents, machine } = world;
  agents.ask(0);
  await world.run(Infinity, 0);
  for (const padding of [0, 30_000, 9000, 0]) {
    agents.ask(0, padding);
    agents.answer(0);
  }
  for (const path of agents.paths) machine.notice(path);
  await settled();
  await world.run(steps, 0);
  const isOver = machine.io.ready === 0;
  const sizes = (['seen', 'durable'] as const).map((view) => [...machine.disk.filesBelow(ARCHIVE, view).values()]);
  const [seen = 0, durable = 0] = sizes.map((files) => files.reduce((sum, bytes) => sum + bytes.length, 0));
  await machine.cutPower(new Dice(chance));
  machine.boot();
  await world.drain(chance);
  return { isAtRisk: seen > durable, isOver };
}
