/**
 * The long form of one test of faults: `node tests/faults/long-run.ts failpoints --hits 50`. What a test does a few times in
 * `npm test`, it does here as often as is asked for; a figure is handed to it in its environment.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';

interface LongRun {
  readonly option: string;
  readonly variable: string;
  readonly usual: string;
}

const RUNS: Readonly<Record<string, LongRun>> = {
  failpoints: { option: 'hits', variable: 'HOLDFAST_FAILPOINT_ENDS', usual: '50' },
  'power-loss': { option: 'cuts', variable: 'HOLDFAST_POWER_CUTS', usual: '1000' },
  instances: { option: 'races', variable: 'HOLDFAST_RACES', usual: '100' },
  sleep: { option: 'seconds', variable: 'HOLDFAST_SLEEP_SECONDS', usual: '300' },
};

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const [name = '', ...rest] = process.argv.slice(2);
const run = RUNS[name];
if (run === undefined) throw new Error(`There is no long run "${name}". There are: ${Object.keys(RUNS).join(', ')}.`);

const { values } = parseArgs({
  args: rest,
  options: { [run.option]: { type: 'string', default: run.usual }, seed: { type: 'string' } },
});
const seed = values['seed'] === undefined ? {} : { HOLDFAST_SEED: String(values['seed']) };
const env = { ...process.env, ...seed, [run.variable]: String(values[run.option]) };
const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const args = [vitest, 'run', '--project', 'faults', `tests/faults/${name}.test.ts`];
const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
await once(child, 'exit');
process.exitCode = child.exitCode ?? 1;
