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

interface Disturbance {
  readonly name: string;
  readonly disturb: (world: World, dice: Dice) => void | Promise<void>;
  /** In how many ways it is tried after this step. */
  readonly chances: (world: World) => number;
  /** Entries pile up in the queue meanwhile. */
  readonly storeWaits?: boolean;
}

const FEWEST_STEPS = 15;

const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'the power is cut',
    chances: (world) => (isUnsynced(world) ? 64 : 1),
    disturb: async ({ machine }, dice) => {
      await machine.cutPower(dice);
      machine.boot();
    },
  },
  {
    name: 'the program is killed',
    chances: () => 2,
    disturb: async ({ machine }, dice) => {
      await machine.killProgram(dice);
      machine.boot();
    },
  },
  {
    name: 'the queue loses its newest writes',
    chances: () => 3,
    disturb: ({ machine }, dice) => {
      machine.setRedis('restarting', 1 + dice.roll(4));
    },
  },
  {
    name: 'the queue loses its entries without a word',
    storeWaits: true,
    chances: () => 3,
    disturb: (world) => {
      world.isSlow = true;
      world.machine.redis.tamper(() => null);
    },
  },
  {
    // The next one shows that something is missing, so it is not waited for.
    name: 'the queue loses its entries and gets another',
    storeWaits: true,
    chances: () => 1,
    disturb: ({ agents, machine }) => {
      machine.redis.tamper(() => null);
      agents.ask(0);
    },
  },
  {
    name: 'the transcript is overwritten',
    chances: () => 1,
    disturb: ({ agents }) => {
      agents.replaceInPlace(0);
    },
  },
];

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

  it.each(DISTURBANCES)(
    'saves everything once, after whichever step of a look $name',
    async ({ disturb, chances, storeWaits = false }) => {
      let looks = 0;

      for (let steps = 0, isOver = false; !isOver; steps += 1) {
        let most = 1;
        for (let chance = 0; chance < most; chance += 1) {
          using world = new World(template, newRecorderProgram);
          await lookSteps(world, steps, storeWaits);
          isOver = world.machine.io.ready === 0;
          most = chances(world);
          await disturb(world, new Dice(chance));
          await world.drain(chance);
          looks += 1;
        }
      }

      expect(looks).toBeGreaterThan(FEWEST_STEPS);
    },
  );
});

/** A transcript has grown by a lot, and so many steps of the look at it are done. */
async function lookSteps(world: World, steps: number, storeWaits: boolean): Promise<void> {
  const { agents, machine } = world;
  agents.ask(0);
  await world.run(Infinity, 0);
  if (storeWaits) {
    machine.io.held = machine.storeLane;
    agents.ask(0);
    for (const path of agents.paths) machine.notice(path);
    await settled();
    await world.run(Infinity, 0);
  }
  for (const padding of [0, 14_000, 3000, 0]) {
    agents.ask(0, padding);
    agents.answer(0);
  }
  for (const path of agents.paths) machine.notice(path);
  await settled();
  await world.run(steps, 0);
}

/** Something is written to the archive that a power cut would take back. */
function isUnsynced({ machine }: World): boolean {
  const [seen = 0, durable = 0] = (['seen', 'durable'] as const).map((view) =>
    [...machine.disk.filesBelow(ARCHIVE, view).values()].reduce((sum, bytes) => sum + bytes.length, 0),
  );
  return seen > durable;
}
