import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runToEnd } from '../support/child-process.ts';
import { CLONE } from '../support/workplace.ts';

const PROGRAM = path.join(CLONE, 'tests', 'faults', 'harness', 'run.ts');
const SEED = '20261122';
/** One of each kind but the one that takes half a minute, in an epoch with Holdfast's own Redis and one with another's. */
const FAULTS =
  'app,redis,both,stop-redis,stop-app,aof-cut,aof-garbage,aof-flip,aof-wipe,aof-manifest,stream-trim,group-destroy,flushall';
const LAST_LINE =
  /^(?<kills>\d+) kills, (?<faults>\d+) faults, (?<exchanges>\d+) exchanges, 0 lost, 0 duplicated, 0 wrong, recovery p50\/p99 [\d.]+\/[\d.]+ s$/;

async function harness(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly lines: string[] }> {
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const { code, stdout, stderr } = await runToEnd(process.execPath, [PROGRAM, ...args], { env, cwd: CLONE });
  return { code, lines: `${stdout}${stderr}`.trimEnd().split('\n') };
}

describe('the crash harness', () => {
  it('finds everything as it was written after two dozen kills and one of each fault', async () => {
    const { code, lines } = await harness('--kills', '26', '--epoch-kills', '18', '--seed', SEED, '--faults', FAULTS);
    console.log(lines.join('\n'));

    expect(code).toBe(0);
    const figures = LAST_LINE.exec(lines.at(-1) ?? '')?.groups;
    expect(figures).toBeDefined();
    expect(Number(figures?.['kills'])).toBeGreaterThanOrEqual(20);
    expect(Number(figures?.['faults'])).toBeGreaterThanOrEqual(20);
    expect(Number(figures?.['exchanges'])).toBeGreaterThan(100);
  });

  it('refuses a fault that it does not know', async () => {
    const { code, lines } = await harness('--faults', 'app,earthquake');

    expect(code).toBe(1);
    expect(lines.join('\n')).toContain('There is no fault "earthquake"');
  });
});
