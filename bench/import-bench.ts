/** Import through the real program, as a share of the read + split + JSON.parse limit of the same round. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TranscriptsManifest } from './make-transcripts.ts';
import { HoldfastProcess, type QueueMode } from './holdfast-process.ts';
import { measureParseLimit } from './parse-limit.ts';
import { median, print, rounded } from './statistics.ts';

/** What an import has to reach at least, as a share of the limit. */
const GOAL = 0.3;
const MODES = ['redis', 'bypass'] as const satisfies readonly QueueMode[];
const MIB = 1_048_576;
const LOOK_EVERY_MS = 50;
const MOST_LOOKS = 200;

export interface ImportBenchOptions {
  readonly folder: string;
  /** Folder with the transcripts' `projects`. */
  readonly data: string;
  readonly manifest: TranscriptsManifest;
  readonly programWithoutRedis: string;
  readonly rounds: number;
}

interface Round {
  readonly limitSeconds: number;
  readonly engineSeconds: number;
  readonly commandSeconds: number;
}

/** @returns whether the goal is met in both modes */
export async function benchImport(options: ImportBenchOptions): Promise<boolean> {
  const { data, manifest, rounds } = options;
  const mb = manifest.bytes / MIB;
  const results: Record<(typeof MODES)[number], Round[]> = { redis: [], bypass: [] };
  // Once unmeasured: the files are in memory afterwards, for everybody.
  measureParseLimit(data);
  for (let round = 0; round < rounds; round += 1) {
    for (const mode of MODES) {
      const limitSeconds = measureParseLimit(data).seconds;
      results[mode].push({ limitSeconds, ...(await importOnce(options, mode)) });
    }
  }
  const all = MODES.flatMap((mode) => results[mode]);
  print('import/limit', { mb: rounded(mb, 1), mbps: rounded(mb / median(all.map((one) => one.limitSeconds)), 0) });
  return MODES.map((mode) => report(mode, mb, results[mode])).every((isMet) => isMet);
}

function report(mode: QueueMode, mb: number, rounds: readonly Round[]): boolean {
  const ratios = rounds.map((one) => one.limitSeconds / one.engineSeconds);
  const ratio = rounded(median(ratios));
  print(`import/${mode}`, {
    mbps: rounded(mb / median(rounds.map((one) => one.engineSeconds)), 0),
    ratio,
    goal: GOAL,
    met: ratio >= GOAL,
    ratios: ratios.map((one) => rounded(one)),
    command_mbps: rounded(mb / median(rounds.map((one) => one.commandSeconds)), 0),
  });
  return ratio >= GOAL;
}

/** The engine's own time of the job, and that of the whole command with the start of its process. */
async function importOnce(
  options: ImportBenchOptions,
  mode: QueueMode,
): Promise<{ readonly engineSeconds: number; readonly commandSeconds: number }> {
  const { folder, data, manifest, programWithoutRedis } = options;
  await using holdfast = await HoldfastProcess.start({ parent: folder, mode, programWithoutRedis });
  const since = performance.now();
  const report = await holdfast.command(['import', path.join(data, 'projects')]);
  const commandSeconds = (performance.now() - since) / 1000;
  expectCounts(report, manifest);
  return { engineSeconds: await jobSeconds(holdfast), commandSeconds };
}

/** The status is a moment old at times, so that it may not know yet that the job has ended. */
async function jobSeconds(holdfast: HoldfastProcess): Promise<number> {
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const { job } = await holdfast.status();
    if (job !== null && job.endedAt !== null) return (job.endedAt - job.startedAt) / 1000;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error('the import has not ended');
}

/** Speed counts only when everything is there. */
function expectCounts(report: Readonly<Record<string, unknown>>, manifest: TranscriptsManifest): void {
  const wanted = {
    files: manifest.params.files,
    bytes: manifest.bytes,
    records: manifest.records,
    exchanges: manifest.exchanges,
    subagentExchanges: manifest.sidechainExchanges,
    failed: 0,
    quarantined: 0,
  };
  for (const [name, count] of Object.entries(wanted)) {
    if (report[name] !== count) {
      throw new Error(`${name}: the manifest says ${String(count)}, the import ${String(report[name])}`);
    }
  }
}
