/** What may happen in a schedule, and how often each of it comes. */
import fc from 'fast-check';
import type { Agents } from './agents.ts';
import { Dice } from './dice.ts';
import { settled } from './io-steps.ts';
import type { World } from './world.ts';

type Command = fc.AsyncCommand<Plan, World>;
type Doing = (world: World) => unknown;

/** Who writes, and what never happens in this schedule: what is left out lets the rest meet more often. */
export interface Plan {
  readonly agents: Agents;
  readonly leftOut: readonly string[];
}

const DAY_MS = 86_400_000;
/** Files that are written to; the last one has lines that make the parser throw. */
const SLOTS = 3;
const POISONED = SLOTS;
const OFTEN = 3;

/** One thing that happens, after which everything that must always hold is looked at. */
class Act implements Command {
  readonly #name: string;
  readonly #argument: unknown;
  readonly #doing: Doing;
  readonly #needs: number | null;

  constructor(name: string, argument: unknown, needs: number | null, doing: Doing) {
    this.#name = name;
    this.#argument = argument;
    this.#needs = needs;
    this.#doing = doing;
  }

  check({ agents, leftOut }: Readonly<Plan>): boolean {
    return !leftOut.includes(this.#name) && (this.#needs === null || agents.has(this.#needs));
  }

  async run(_plan: Plan, world: World): Promise<void> {
    await this.#doing(world);
    await settled();
    world.check();
  }

  toString(): string {
    return `${this.#name}(${JSON.stringify(this.#argument)})`;
  }
}

const slot = fc.nat(SLOTS - 1);
const seed = fc.nat(0x7fff_ffff);

function command<T>(
  name: string,
  argument: fc.Arbitrary<T>,
  doing: (world: World, value: T) => unknown,
): fc.Arbitrary<Command> {
  return argument.map((value) => new Act(name, value, null, (world) => doing(world, value)));
}

/** Something that is done to a file which is there. */
function toFile<T>(
  name: string,
  argument: fc.Arbitrary<T>,
  doing: (agents: Agents, at: number, value: T) => void,
): fc.Arbitrary<Command> {
  return fc.tuple(slot, argument).map(
    ([at, value]) =>
      new Act(name, [at, value], at, ({ agents }) => {
        doing(agents, at, value);
      }),
  );
}

const nothing = fc.constant(0);

/** Whether the system tells of a change; it may forget to. */
const isTold = fc.constantFrom(true, true, false);

function tell({ agents, machine }: World, at: number, told: boolean): void {
  const path = agents.pathOf(at);
  if (told && path !== null) machine.notice(path);
}

const WRITING: readonly fc.Arbitrary<Command>[] = [
  command('ask', fc.tuple(slot, fc.constantFrom(0, 0, 0, 200, 6000, 14_000), isTold), (world, [at, padding, told]) => {
    world.agents.ask(at, padding);
    tell(world, at, told);
  }),
  command('write', fc.tuple(slot, fc.integer({ min: 1, max: 400 }), isTold), (world, [at, bytes, told]) => {
    world.agents.write(at, bytes);
    tell(world, at, told);
  }),
  command('answer', fc.tuple(slot, isTold), (world, [at, told]) => {
    world.agents.answer(at);
    tell(world, at, told);
  }),
  toFile('finishLine', nothing, (agents, at) => {
    agents.finishLine(at);
  }),
];

const CHANGING: readonly fc.Arbitrary<Command>[] = [
  toFile('bad', fc.nat(5), (agents, at, kind) => {
    agents.bad(at, kind);
  }),
  toFile('truncate', fc.nat(20_000), (agents, at, keep) => {
    agents.truncate(at, keep);
  }),
  toFile('replaceInPlace', nothing, (agents, at) => {
    agents.replaceInPlace(at);
  }),
  toFile('rewrite', seed, (agents, at, chance) => {
    agents.rewrite(at, new Dice(chance));
  }),
  toFile('rename', nothing, (agents, at) => {
    agents.rename(at);
  }),
  toFile('rotate', nothing, (agents, at) => {
    agents.rotate(at);
  }),
  toFile('fork', fc.tuple(fc.nat(20), slot), (agents, at, [lines, into]) => {
    agents.fork(at, lines, into);
  }),
  toFile('delete', nothing, (agents, at) => {
    agents.delete(at);
  }),
  toFile('sidecar', fc.integer({ min: 1, max: 9000 }), (agents, at, bytes) => {
    agents.sidecar(at, bytes);
  }),
  command('poison', fc.boolean(), ({ agents }, withNeighbours) => {
    if (withNeighbours) agents.ask(POISONED);
    agents.poison(POISONED);
    if (withNeighbours) agents.ask(POISONED);
  }),
];

const RUNNING: readonly fc.Arbitrary<Command>[] = [
  command('notice', slot, (world, at) => {
    tell(world, at, true);
  }),
  command('pass', fc.constantFrom(1500, 5000, 30_000, 121_000), ({ machine }, ms) => {
    machine.advance(ms);
  }),
  command('run', fc.tuple(fc.integer({ min: 1, max: 60 }), seed), (world, [steps, chance]) => world.run(steps, chance)),
  command('storeWaits', fc.boolean(), ({ machine }, waits) => {
    machine.io.held = waits ? machine.storeLane : null;
  }),
  command('runAll', seed, (world, chance) => world.run(2000, chance)),
];

const BREAKING: readonly fc.Arbitrary<Command>[] = [
  command('crashApp', seed, async ({ machine }, chance) => {
    await machine.killProgram(new Dice(chance));
    machine.boot();
  }),
  command('crashMachine', seed, async ({ machine }, chance) => {
    await machine.cutPower(new Dice(chance));
    machine.boot();
  }),
  command('cutLinks', fc.boolean(), ({ machine }, isSent) => {
    machine.cutLinks(isSent);
  }),
  command('crashQueue', fc.nat(20), ({ machine }, lostWrites) => {
    machine.setRedis('restarting', lostWrites);
  }),
  command('queueIs', fc.constantFrom('ready', 'ready', 'failed'), ({ machine }, condition) => {
    machine.setRedis(condition);
  }),
  command('wipeQueue', nothing, ({ machine }) => {
    machine.redis.wipe();
  }),
  command('loseEntries', seed, (world, chance) => {
    world.isSlow = true;
    const dice = new Dice(chance);
    world.machine.redis.tamper((entry) => (dice.roll(2) === 0 ? null : entry));
  }),
  command('garbleEntries', seed, (world, chance) => {
    world.isSlow = true;
    const dice = new Dice(chance);
    world.machine.redis.tamper((entry) => (dice.roll(2) === 0 ? entry : garbled(entry, dice)));
  }),
  command('diskLeft', fc.constantFrom(0, 1, 300, Infinity, Infinity), (world, bytes) => {
    if (bytes < Infinity) world.isSlow = true;
    world.machine.disk.free = bytes;
  }),
  command('storeFull', fc.boolean(), (world, isFull) => {
    if (isFull) world.isSlow = true;
    world.machine.store.setFull(isFull);
  }),
  command('clockJump', fc.constantFrom(-DAY_MS, DAY_MS, -3600_000), ({ machine }, ms) => {
    machine.jumpClock(ms);
  }),
  command('drain', seed, (world, chance) => world.drain(chance)),
];

/** Flips something in one field. */
function garbled(entry: { readonly id: number; readonly fields: readonly string[] }, dice: Dice): typeof entry {
  const at = dice.roll(entry.fields.length);
  return { ...entry, fields: entry.fields.map((field, index) => (index === at ? `${field.slice(1)}7` : field)) };
}

/** @param mostSteps the longest schedule */
export function schedules(mostSteps: number): fc.Arbitrary<Iterable<Command>> {
  const often = Array.from({ length: OFTEN }, () => [...WRITING, ...RUNNING]).flat();
  return fc.commands([...often, ...CHANGING, ...BREAKING], { maxCommands: mostSteps, size: 'max' });
}

const RARE = [
  ...['bad', 'truncate', 'replaceInPlace', 'rewrite', 'rename', 'rotate', 'fork', 'delete', 'sidecar', 'poison'],
  ...['crashApp', 'crashMachine', 'cutLinks', 'crashQueue', 'queueIs', 'wipeQueue', 'loseEntries', 'garbleEntries'],
  ...['diskLeft', 'storeFull', 'clockJump', 'drain'],
];

/** Few things at a time meet more often, and nothing else can make good what one of them did. */
const FOCUSED = [
  ['crashQueue', 'queueIs', 'cutLinks', 'wipeQueue'],
  ['loseEntries', 'clockJump'],
  ['storeFull', 'crashApp'],
  ['replaceInPlace', 'truncate', 'rewrite'],
  ['crashApp', 'crashMachine', 'diskLeft'],
].map((kept) => RARE.filter((name) => !kept.includes(name)));

/** What a schedule leaves out. */
export const omissions: fc.Arbitrary<readonly string[]> = fc.oneof(fc.subarray(RARE), fc.constantFrom(...FOCUSED));
