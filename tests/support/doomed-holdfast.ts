/** A Holdfast that ends itself with SIGKILL at a failpoint, and is given work until it has. */
import path from 'node:path';
import type { Failpoint } from '../../electron/engine/core/failpoint.ts';
import { collect, exitOf, spawnPiped } from './child-process.ts';
import { waitUntil } from './wait-until.ts';
import { CLONE, type Workplace } from './workplace.ts';

export const FAILPOINT_PRELOAD = path.join(CLONE, 'tests', 'faults', 'failpoint-preload.ts');

export interface Doom {
  readonly failpoint: Failpoint;
  /** Ends when the step is reached so many times, 1 or more. */
  readonly nth: number;
  /** A line is added for each end that came from the failpoint. */
  readonly hitsFile: string;
  readonly env: Readonly<Record<string, string>>;
  /** A command line to run; default: Holdfast without a display. */
  readonly command?: readonly string[];
  /** Called again and again as long as it lives. */
  readonly feed: () => void;
}

/** @returns how it ended: SIGKILL when the step was reached; anything else is a failure of its own, with what it printed */
export async function runToItsEnd(place: Workplace, doom: Doom): Promise<string> {
  const env = {
    ...place.env,
    ...doom.env,
    NODE_OPTIONS: `--import=${FAILPOINT_PRELOAD}`,
    HOLDFAST_FAILPOINT: `${doom.failpoint}:${String(doom.nth)}`,
    HOLDFAST_FAILPOINT_HITS: doom.hitsFile,
  };
  const [entry, args] =
    doom.command === undefined ? ['headless.ts', ['--port', '0', '--no-open']] : ['cli.ts', doom.command];
  const program = path.join(CLONE, 'electron', entry);
  const child = spawnPiped(process.execPath, [program, ...args], { env, cwd: place.root });
  const { texts } = collect(child);
  const exited = exitOf(child);
  try {
    await waitUntil(
      () => {
        doom.feed();
        return child.signalCode ?? child.exitCode;
      },
      (ended) => ended !== null,
      `the end at ${doom.failpoint} ${String(doom.nth)}`,
      30_000,
    );
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  return child.signalCode ?? `exit code ${String(child.exitCode)}: ${texts.stdout}${texts.stderr}`;
}
