/**
 * `npm run mutants [-- ids…]`: shows that the tests notice what they are there to notice. Works on a copy of the source, makes
 * one mistake at a time, and runs the suite that must fail; it has to fail for each of three seeds, by a test that ran.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { MUTANTS, type Mutant, type Suite } from './mutants.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const COPIED = ['electron', 'shared', 'tests/model', 'tests/conformance', 'vitest.config.ts', 'package.json'] as const;
const LINKED = ['node_modules', 'resources', 'build'] as const;
const SEEDS = [1, 2, 3] as const;
/** Schedules within which a seed has to come upon the mistake. */
const RUNS = 300;
const MODEL_FILE = 'tests/model/recorder-model.test.ts';

const report = z.object({ numFailedTests: z.number(), numPassedTests: z.number(), numTotalTests: z.number() });

interface Outcome {
  readonly failed: number;
  readonly total: number;
  readonly seconds: number;
}

class Workshop implements Disposable {
  readonly #directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-mutants-'));

  constructor() {
    for (const name of COPIED) cpSync(path.join(ROOT, name), path.join(this.#directory, name), { recursive: true });
    for (const name of LINKED) symlinkSync(path.join(ROOT, name), path.join(this.#directory, name));
  }

  /** Does the work on the mutated source, and puts the source back. */
  async mutated<T>({ id, edits }: Mutant, work: () => Promise<T>): Promise<T> {
    const before = new Map<string, string>();
    for (const { file, search, replacement } of edits) {
      const full = path.join(this.#directory, file);
      const source = readFileSync(full, 'utf8');
      if (!before.has(full)) before.set(full, source);
      if (source.split(search).length !== 2) throw new Error(`mutant ${id}: its text does not stand once in ${file}`);
      writeFileSync(
        full,
        source.replace(search, () => replacement),
      );
    }
    try {
      return await work();
    } finally {
      for (const [full, source] of before) writeFileSync(full, source);
    }
  }

  async test(suite: Suite, seed: number, runs: number): Promise<Outcome> {
    const output = path.join(this.#directory, 'report.json');
    rmSync(output, { force: true });
    const [project, file] = suite === 'model' ? ['model', MODEL_FILE] : [suite.project, suite.file];
    const vitest = path.join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', '--project', project, file, '--bail=1', '--reporter=json', `--outputFile=${output}`];
    const started = performance.now();
    const child = spawn(process.execPath, args, {
      cwd: this.#directory,
      stdio: 'ignore',
      env: { ...process.env, MODEL_SEEDS: String(seed), MODEL_RUNS: String(runs), MODEL_SHRINKS: 'no' },
    });
    await once(child, 'exit');
    const result = report.parse(JSON.parse(readFileSync(output, 'utf8')));
    return {
      failed: result.numFailedTests,
      total: result.numTotalTests,
      seconds: (performance.now() - started) / 1000,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}

/** Without any mistake everything passes, or nothing that fails afterwards means anything. */
async function expectSound(workshop: Workshop, mutants: readonly Mutant[]): Promise<void> {
  const suites = new Map(mutants.map(({ killedBy }) => [JSON.stringify(killedBy), killedBy]));
  for (const suite of suites.values()) {
    const { failed, total } = await workshop.test(suite, SEEDS[0], 200);
    if (failed > 0 || total === 0) throw new Error(`${JSON.stringify(suite)} fails on the source as it is`);
  }
}

async function seedsThatKill(workshop: Workshop, mutant: Mutant): Promise<number> {
  return await workshop.mutated(mutant, async () => {
    let killing = 0;
    let seconds = 0;
    for (const seed of SEEDS) {
      const outcome = await workshop.test(mutant.killedBy, seed, RUNS);
      if (outcome.failed > 0) killing += 1;
      seconds += outcome.seconds;
    }
    const suite = mutant.killedBy === 'model' ? 'model' : mutant.killedBy.file;
    const verdict = killing === SEEDS.length ? 'killed' : `SURVIVED ${SEEDS.length - killing} of ${SEEDS.length}`;
    console.log(
      `${mutant.id.padStart(3)}  ${verdict.padEnd(17)} ${mutant.title.padEnd(62)} ${seconds.toFixed(0).padStart(4)} s  ${suite}`,
    );
    return killing;
  });
}

function tally(mutants: readonly Mutant[], killed: ReadonlySet<Mutant>): string {
  return `${mutants.filter((mutant) => killed.has(mutant)).length} of ${mutants.length}`;
}

async function main(ids: readonly string[]): Promise<void> {
  const unknown = ids.filter((id) => !MUTANTS.some((mutant) => mutant.id === id));
  if (unknown.length > 0) throw new Error(`There is no mutant ${unknown.join(', ')}.`);
  const chosen = ids.length === 0 ? MUTANTS : MUTANTS.filter(({ id }) => ids.includes(id));
  using workshop = new Workshop();
  await expectSound(workshop, chosen);
  const killed = new Set<Mutant>();
  for (const mutant of chosen) if ((await seedsThatKill(workshop, mutant)) === SEEDS.length) killed.add(mutant);
  const listed = chosen.filter(({ id }) => /^\d+$/.test(id));
  const others = chosen.filter((mutant) => !listed.includes(mutant));
  console.log(
    `${tally(listed, killed)} killed, and ${tally(others, killed)} of our own, on ${SEEDS.length} seeds each`,
  );
  if (killed.size < chosen.length) process.exitCode = 1;
}

await main(process.argv.slice(2));
