/** The stages of `npm test`, in the order of their report, and what each needs to be there first. */
import path from 'node:path';

/** `system`: packages of the operating system. `desktop`: an Electron for tests. */
export type Need = 'redis' | 'build' | 'system' | 'desktop';

export interface Stage {
  readonly name: string;
  readonly title: string;
  /** A check passes or fails as a whole; tests are counted one by one. */
  readonly kind: 'check' | 'tests';
  readonly needs: readonly Need[];
  /** Ended, and counted as failed, when it takes longer. */
  readonly mostMinutes: number;
  /** Program and arguments, run by Node; relative to the root. */
  readonly script: readonly [string, ...string[]];
  /**
   * Stages of two lanes run side by side, those of one after the other: `checks` mostly compute, `scenarios` mostly wait for
   * what they have started.
   */
  readonly lane: 'checks' | 'scenarios';
  /** A program that has to be around it. */
  readonly inside?: string;
}

export const RESULTS_FOLDER = '.cache/test-results';

export function resultsFile(stage: string): string {
  return path.posix.join(RESULTS_FOLDER, `${stage}.json`);
}

function check(name: string, title: string, script: readonly [string, ...string[]]): Stage {
  return { name, title, kind: 'check', needs: [], mostMinutes: 6, script, lane: 'checks' };
}

function tests(
  name: string,
  title: string,
  needs: readonly Need[],
  mostMinutes: number,
  lane: Stage['lane'] = 'checks',
): Stage {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultsFile(name)}`];
  const script = ['node_modules/vitest/vitest.mjs', 'run', '--project', name, ...reporters] as const;
  return { name, title, kind: 'tests', needs, mostMinutes, script, lane };
}

export const STAGES: readonly Stage[] = [
  check('format', 'Formatting (prettier)', ['node_modules/prettier/bin/prettier.cjs', '--check', '.']),
  check('lint', 'Rules and boundaries (eslint)', ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']),
  check('types', 'Types, templates too (vue-tsc)', ['node_modules/vue-tsc/bin/vue-tsc.js', '--build']),
  check('knip', 'Nothing unused (knip)', ['node_modules/knip/bin/knip.js']),
  check('depcruise', 'No cycles (dependency-cruiser)', [
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    'electron',
    'renderer',
    'shared',
    '--config',
    '.dependency-cruiser.cjs',
  ]),
  tests('unit', 'Unit tests', ['redis'], 6),
  tests('conformance', 'Conformance: Redis queue and bypass', ['redis'], 4),
  tests('model', 'Model: any order of events and crashes', [], 6),
  tests('integration', 'Integration: real Redis, real files', ['redis', 'build'], 8, 'scenarios'),
  tests('faults', 'Faults: killed at random moments', ['redis', 'build', 'system'], 15, 'scenarios'),
  tests('window', 'The window in Chromium', ['redis', 'build', 'system'], 5),
  {
    ...tests('desktop', 'The desktop: Electron, tray, D-Bus', ['redis', 'build', 'system', 'desktop'], 6, 'scenarios'),
    inside: 'tests/desktop/tray-session',
  },
];

/**
 * The stages that the arguments name, all without any. Order and repetition do not matter.
 * @throws Error with a sentence, when a name is unknown
 */
export function selectStages(names: readonly string[]): readonly Stage[] {
  const known = STAGES.map((stage) => stage.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`There is no part "${unknown.join('", "')}". The parts are: ${known.join(', ')}.`);
  }
  return names.length === 0 ? STAGES : STAGES.filter((stage) => names.includes(stage.name));
}

/** What has to be prepared for these stages. */
export function needsOf(stages: readonly Stage[]): ReadonlySet<Need> {
  return new Set(stages.flatMap((stage) => stage.needs));
}
