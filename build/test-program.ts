/** The second half of `npm test`: prepares what the stages need, runs them all, adds up. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { prepareSystem } from './system-packages.ts';
import { needsOf, RESULTS_FOLDER, resultsFile, selectStages, STAGES } from './test-stages.ts';
import type { Need, Stage } from './test-stages.ts';
import { countTests, summaryText } from './test-summary.ts';
import type { StageResult } from './test-summary.ts';
import { runWatched } from './watched-run.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** What could be made ready, and the sentence about what could not. */
interface Preparation {
  readonly obstacles: ReadonlyMap<Need, string>;
  readonly env: NodeJS.ProcessEnv;
}

function say(line: string): void {
  console.log(`    ${line}`);
}

function header(title: string): void {
  console.log(`\n=== ${title}`);
}

const nodeEnv: NodeJS.ProcessEnv = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) };

async function runScript(script: readonly string[], title: string, mostMinutes: number): Promise<string | null> {
  const code = await runWatched(process.execPath, script, { title, mostMinutes, cwd: ROOT, env: nodeEnv });
  return code === 0 ? null : `${title} failed (exit code ${code}); its own message is above`;
}

const desktopSchema = z.object({
  electronDist: z.string(),
  electronVersion: z.string(),
  sqliteBinding: z.string().nullable(),
});

async function prepareDesktop(): Promise<{ readonly obstacle: string | null; readonly env: NodeJS.ProcessEnv }> {
  let output = '';
  const script = [path.join(ROOT, 'build/desktop/prepare.mjs')];
  const code = await runWatched(process.execPath, script, {
    title: 'preparing Electron',
    mostMinutes: 12,
    cwd: ROOT,
    onOutput: (text) => {
      output += text;
    },
  });
  if (code !== 0) return { obstacle: 'no Electron for tests could be prepared; the reason is above', env: {} };
  const { electronDist, electronVersion, sqliteBinding } = desktopSchema.parse(JSON.parse(output));
  say(`Electron ${electronVersion}`);
  const binding = sqliteBinding === null ? {} : { HOLDFAST_SQLITE_BINDING: sqliteBinding };
  return { obstacle: null, env: { ELECTRON_OVERRIDE_DIST_PATH: electronDist, ...binding } };
}

async function prepare(needs: ReadonlySet<Need>): Promise<Preparation> {
  const obstacles = new Map<Need, string>();
  let env: NodeJS.ProcessEnv = {};
  const note = (need: Need, obstacle: string | null): void => {
    if (obstacle === null) return;
    console.error(`    ${obstacle}`);
    obstacles.set(need, obstacle);
  };
  if (needs.has('system')) {
    header('Preparing: system packages');
    note('system', await prepareSystem(say));
  }
  if (needs.has('redis')) {
    header('Preparing: Redis');
    note('redis', await runScript(['build/prepare-redis.mjs'], 'preparing Redis', 10));
  }
  if (needs.has('desktop')) {
    header('Preparing: Electron for tests');
    const desktop = await prepareDesktop();
    note('desktop', desktop.obstacle);
    env = desktop.env;
  }
  if (needs.has('build')) {
    header('Preparing: build');
    note('build', await runScript(['build/build.ts'], 'the build', 5));
  }
  return { obstacles, env };
}

async function readReport(stage: Stage): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path.join(ROOT, resultsFile(stage.name)), 'utf8'));
  } catch {
    // No report or half of one; countTests says so and counts it as a failure.
    return null;
  }
}

/** @param isAlone nothing else runs beside it, so its output can be shown as it comes */
async function runStage(stage: Stage, preparation: Preparation, isAlone: boolean): Promise<StageResult> {
  header(`${stage.title}  [npm test -- ${stage.name}]`);
  const startedAt = performance.now();
  const done = (passed: number, failed: number, remarks: readonly string[]): StageResult => {
    const seconds = (performance.now() - startedAt) / 1000;
    say(`${stage.name}: ${failed === 0 ? 'ok' : 'FAILED'}, ${seconds.toFixed(1)} s`);
    return { name: stage.name, passed, failed, seconds, remarks };
  };
  const obstacle = stage.needs.map((need) => preparation.obstacles.get(need)).find((text) => text !== undefined);
  if (obstacle !== undefined) return done(0, 1, [`could not run: ${obstacle}`]);

  const [command, ...args] = [...(stage.inside === undefined ? [] : [path.join(ROOT, stage.inside)]), process.execPath];
  const code = await runWatched(command, [...args, ...stage.script], {
    title: stage.name,
    mostMinutes: stage.mostMinutes,
    cwd: ROOT,
    inOnePiece: !isAlone && stage.lane === 'scenarios',
    // Only the desktop tests may get the SQLite addon of the test Electron: all others run the one that people get.
    env: stage.needs.includes('desktop') ? { ...nodeEnv, ...preparation.env } : nodeEnv,
  });
  if (stage.kind === 'check') return code === 0 ? done(1, 0, []) : done(0, 1, []);
  const counts = countTests(await readReport(stage), code);
  return done(counts.passed, counts.failed, counts.remarks);
}

/** @returns results in the order of the stages */
async function runLanes(stages: readonly Stage[], preparation: Preparation): Promise<readonly StageResult[]> {
  const lanes = [...new Set(stages.map((stage) => stage.lane))];
  const results = new Map<Stage, StageResult>();
  const runLane = async (lane: Stage['lane']): Promise<void> => {
    for (const stage of stages.filter((one) => one.lane === lane)) {
      results.set(stage, await runStage(stage, preparation, lanes.length === 1));
    }
  };
  await Promise.all(lanes.map(runLane));
  return stages.flatMap((stage) => results.get(stage) ?? []);
}

/** @returns 0 when everything ran and passed */
export async function run(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log('npm test                  everything');
    for (const stage of STAGES) console.log(`npm test -- ${stage.name.padEnd(13)} ${stage.title}`);
    return 0;
  }
  const stages = selectStages(args);
  await rm(path.join(ROOT, RESULTS_FOLDER), { recursive: true, force: true });
  await mkdir(path.join(ROOT, RESULTS_FOLDER), { recursive: true });
  const preparation = await prepare(needsOf(stages));
  const results = await runLanes(stages, preparation);
  header('Summary');
  console.log(summaryText(results));
  return results.some((result) => result.failed > 0) ? 1 : 0;
}
