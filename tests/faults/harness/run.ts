/**
 * The crash harness: kills and damages a Holdfast that records, thousands of times, and compares what was saved with what was
 * written, as sets.
 *
 *     npm run faults -- [--kills 300] [--minutes 60] [--seed S] [--faults app,redis,…] [--writers 3]
 *
 * Works in epochs, each with an empty home, so that the data stays small. Ends with 1 when anything was lost, duplicated or
 * wrong, and keeps the folder of that epoch.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { runEpoch } from './epoch.ts';
import { FAULT_KINDS, parseFaultKinds, type FaultKind } from './fault-plan.ts';
import { Tally } from './tally.ts';

interface Options {
  readonly kills: number;
  readonly minutes: number;
  readonly seed: number;
  readonly faults: readonly FaultKind[];
  readonly writers: number;
  readonly epochKills: number;
  readonly lanes: number;
  readonly pace: number;
}

const CLONE = path.resolve(import.meta.dirname, '..', '..', '..');
const MINUTE_MS = 60_000;
const SHOWN = 20;
/** Of so many epochs one has a Redis that the harness runs. */
const NAMED_EVERY = 4;
const SAY_EVERY_MS = 10_000;

class Run {
  readonly #options: Options;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'hff-'));
  readonly #tally = new Tally();
  readonly #startedAt = performance.now();
  #epochs = 0;
  /** Of the epochs that have ended. */
  #killsOfPast = 0;
  /** That those are to bring which run now. */
  #killsUnderWay = 0;
  #isBroken = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @returns whether all was well */
  async toEnd(): Promise<boolean> {
    const { seed, faults, kills, lanes } = this.#options;
    console.log(`seed ${String(seed)}, ${String(kills)} kills, faults ${faults.join(',')}`);
    const progress = setInterval(() => this.#say(), SAY_EVERY_MS);
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()));
    clearInterval(progress);
    for (const line of this.#tally.byKind()) console.log(line);
    const isWell = this.#tally.isClean && !this.#isBroken;
    if (isWell) rmSync(this.#folder, { recursive: true, force: true });
    else console.log(`Everything of the failed epochs is kept in ${this.#folder}`);
    console.log(this.#tally.line());
    return isWell;
  }

  /** One epoch after the other, until there are kills enough. */
  async #lane(): Promise<void> {
    const { kills, epochKills, seed } = this.#options;
    while (!this.#isOver) {
      const planned = Math.min(epochKills, Math.max(1, kills - this.#killsOfPast - this.#killsUnderWay));
      this.#killsUnderWay += planned;
      this.#epochs += 1;
      // Added afterwards: the other lanes add theirs meanwhile.
      const killed = await this.#epoch(this.#epochs, seed * 1000 + this.#epochs, planned);
      this.#killsOfPast += killed;
      this.#killsUnderWay -= planned;
    }
  }

  get #isOver(): boolean {
    const { kills, minutes } = this.#options;
    const isLate = performance.now() - this.#startedAt > minutes * MINUTE_MS;
    const isEnough = this.#killsOfPast + this.#killsUnderWay >= kills;
    return this.#isBroken || isLate || (isEnough && this.#epochs > 0);
  }

  /** @returns how many processes it has killed */
  async #epoch(number: number, seed: number, kills: number): Promise<number> {
    let killed = 0;
    const { faults, writers, pace, minutes } = this.#options;
    const root = path.join(this.#folder, String(number));
    const mostMs = minutes * MINUTE_MS - (performance.now() - this.#startedAt);
    try {
      const result = await runEpoch({
        root,
        seed,
        kinds: faults,
        kills,
        eachOnce: number <= 2,
        queue: faults.includes('flushall') && number % NAMED_EVERY === 2 ? 'named' : 'own',
        writers,
        paceMs: pace,
        mostMs,
        onFault: (fault) => {
          killed += fault.kills;
          this.#tally.addFault(fault);
        },
      });
      this.#tally.addVerdict(result);
      this.#report(number, result);
      if (result.lost.length + result.duplicated.length + result.wrong.length > 0) this.#isBroken = true;
      else rmSync(root, { recursive: true, force: true });
    } catch (error) {
      this.#isBroken = true;
      console.log(`epoch ${String(number)} broke off:`, error);
    }
    return killed;
  }

  #report(number: number, result: Awaited<ReturnType<typeof runEpoch>>): void {
    const { exchanges, lost, duplicated, wrong, deeds } = result;
    const counts = [lost, duplicated, wrong].map((list) => String(list.length)).join('/');
    const done = Object.entries(deeds)
      .map(([name, count]) => `${name} ${String(count)}`)
      .join(', ');
    console.log(`epoch ${String(number)}: ${String(exchanges)} exchanges, lost/duplicated/wrong ${counts} (${done})`);
    for (const [name, list] of Object.entries({ lost, duplicated, wrong })) {
      for (const what of list.slice(0, SHOWN)) console.log(`  ${name}: ${what.slice(0, 1000)}`);
    }
  }

  #say(): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const { kills, faults } = this.#tally;
    const rate = (kills / seconds).toFixed(2);
    console.log(`${seconds.toFixed(0)} s: ${String(kills)} kills, ${String(faults)} faults, ${rate} kills/s`);
  }
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('Give a number.');
  return value;
}

function kinds(text: string): readonly FaultKind[] {
  try {
    return parseFaultKinds(text);
  } catch (error) {
    throw new InvalidArgumentError(String(error));
  }
}

const program = new Command('faults')
  .description('Kills and damages a recording Holdfast, and compares what was saved with what was written.')
  .option('--kills <n>', 'how many processes to kill', number, 300)
  .option('--minutes <m>', 'no new faults after so many minutes', number, 60)
  .option('--seed <s>', 'what is done, and when, follows from it', number, Date.now() % 1_000_000)
  .option('--faults <names>', `of ${FAULT_KINDS.join(',')}`, kinds, FAULT_KINDS)
  .option('--writers <n>', 'concurrent writers', number, 3)
  .option('--epoch-kills <n>', 'kills before everything is compared', number, 300)
  .option('--lanes <n>', 'independent Holdfasts at a time', number, 1)
  .option('--pace <ms>', 'mean pause of a writer between two steps', number, 25)
  .parse();

const built = spawnSync(process.execPath, [path.join(CLONE, 'build', 'build.ts')], { stdio: 'inherit' });
if (built.status !== 0) throw new Error('Holdfast could not be built.');
process.exitCode = (await new Run(program.opts<Options>()).toEnd()) ? 0 : 1;
