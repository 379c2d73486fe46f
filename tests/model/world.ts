/** One schedule's world: a machine with agents on it, and the oracle that looks on. */
import type { Clock } from '../../electron/engine/core/clock.ts';
import { Agents } from './agents.ts';
import { Dice } from './dice.ts';
import { settled } from './io-steps.ts';
import { Machine, stage, type Program } from './machine.ts';
import { Oracle } from './oracle.ts';

/** All must be saved within this much of the machine's time, once nothing disturbs it any more. */
const DRAINED_WITHIN_MS = 240_000;
/** The same where every change was noticed and no fault came without a word, or had to be waited out. */
const DRAINED_SOON_MS = 16_000;
const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 2000;
/** More than any backlog of a schedule needs. */
const MOST_STEPS = 30_000;

export class World implements Disposable {
  readonly machine: Machine;
  readonly agents: Agents;
  readonly #oracle: Oracle;
  /** Something happened since the last drain that takes the program a while: a silent loss, a full disk. */
  isSlow = false;

  constructor(template: Buffer, newProgram: (clock: Clock) => Program) {
    this.machine = new Machine(template, newProgram);
    stage.machine = this.machine;
    this.agents = new Agents(this.machine);
    this.#oracle = new Oracle(this.machine, this.agents);
    this.machine.boot();
  }

  /** Lets some effects happen, in an order that the seed gives. */
  async run(steps: number, seed: number): Promise<void> {
    const dice = new Dice(seed);
    for (let done = 0; done < steps; done += 1) {
      if (!(await this.machine.io.step(dice.roll(1_000_000)))) return;
      this.check();
    }
  }

  check(): void {
    const violations = this.#oracle.violations();
    if (violations.length > 0) throw new Error(violations.join('\n'));
    if (this.machine.startFailure !== null)
      throw new Error('the program did not start', { cause: this.machine.startFailure });
  }

  /** Nothing disturbs any more: everything must come to be saved, within a bounded time. */
  async drain(seed: number): Promise<void> {
    const { machine } = this;
    const dice = new Dice(seed);
    machine.disk.free = Infinity;
    machine.store.setFull(false);
    machine.io.held = null;
    if (machine.redisState.kind === 'restarting') machine.setRedis('ready');
    const isSoon = !this.isSlow;
    if (isSoon) for (const path of this.agents.paths) machine.notice(path);
    const limitMs = isSoon ? DRAINED_SOON_MS : DRAINED_WITHIN_MS;
    const jumpAtMs = LOOK_EVERY_MS * (1 + dice.roll(8));
    this.isSlow = false;
    let differences: readonly string[] = ['never looked'];
    for (let waited = 0; waited <= limitMs; waited += LOOK_EVERY_MS) {
      await settled();
      for (let steps = 0; await machine.io.step(dice.roll(1_000_000)); steps += 1) {
        if (steps > MOST_STEPS) throw new Error('the program does not come to rest');
      }
      this.check();
      differences = this.#oracle.differences();
      if (differences.length === 0) return;
      if (waited === jumpAtMs) machine.jumpClock(dice.roll(4) === 0 ? DAY_MS : -DAY_MS);
      machine.advance(LOOK_EVERY_MS);
    }
    throw new Error(`after ${limitMs / 1000} s without a disturbance:\n${differences.join('\n')}`);
  }

  [Symbol.dispose](): void {
    this.machine[Symbol.dispose]();
    stage.machine = null;
  }
}
