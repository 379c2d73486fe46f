/** Reads all history now, and ends when everything is committed. A resync does the same after forgetting what was read. */
import path from 'node:path';
import type { ImportReport, VerifyReport } from '../../../shared/status.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError } from '../core/errors.ts';
import { abortable } from './abortable.ts';
import type { JobWork, Progress } from './job-runner.ts';

/** One file as the jobs see it. */
export interface JobFile {
  readonly archivePath: string;
  readonly sourcePath: string;
  readonly archived: number;
  readonly committed: number;
  readonly isBlocked: boolean;
  readonly isPast: boolean;
}

export interface ImportPorts {
  readonly clock: Clock;
  /** Looks at every transcript (below `paths`, or all) and archives what is new. */
  reconcile(options: { readonly thorough: boolean; readonly paths: readonly string[] | null }): Promise<{
    readonly failures: readonly { readonly path: string; readonly reason: string }[];
  }>;
  files(): readonly JobFile[];
  totals(): {
    readonly files: number;
    /** Files of which everything that can be expected is committed. */
    readonly savedFiles: number;
    readonly committableBytes: number;
    readonly committedBytes: number;
  };
  /** Reads these files again from their start. */
  forgetPositions(archivePaths: readonly string[]): Promise<void>;
  counts(): Promise<{
    readonly exchanges: number;
    readonly subagentExchanges: number;
    readonly records: number;
    readonly deadLetters: number;
  }>;
  /** Records read of each file, whether or not they were new. */
  recordsOf(archivePaths: ReadonlySet<string>): Promise<number>;
}

export interface ImportScope {
  /** Folders or files; null: everything. */
  readonly paths: readonly string[] | null;
  /** Archive paths to read again; null: none (import), or all (resync). */
  readonly archivePaths: ReadonlySet<string> | null;
}

const LOOK_EVERY_MS = 100;
/** Without any progress for this long the job fails and says what is missing. */
const STALLED_MS = 120_000;

export function importJob(ports: ImportPorts, scope: ImportScope): JobWork {
  return async (progress, signal) => {
    const before = await snapshotOf(ports);
    const follow = followProgress(ports, progress, signal);
    try {
      const { failures } = await abortable(ports.reconcile({ thorough: false, paths: scope.paths }), signal);
      await settleWholly(ports, progress, signal);
      return await report('import', ports, scope, before, failures, null);
    } finally {
      follow[Symbol.dispose]();
    }
  };
}

/** @param prove makes the closing proof */
export function resyncJob(ports: ImportPorts, scope: ImportScope, prove: JobWork): JobWork {
  return async (progress, signal) => {
    const before = await snapshotOf(ports);
    const follow = followProgress(ports, progress, signal);
    try {
      const { failures } = await abortable(ports.reconcile({ thorough: true, paths: scope.paths }), signal);
      await settleWholly(ports, progress, signal);
      const again = ports.files().filter((file) => scope.archivePaths?.has(file.archivePath) ?? true);
      await ports.forgetPositions(again.map((file) => file.archivePath));
      await settleWholly(ports, progress, signal);
      const proof = await prove(progress, signal);
      return await report('resync', ports, scope, before, failures, proof.kind === 'verify' ? proof : null);
    } finally {
      follow[Symbol.dispose]();
    }
  };
}

/** Waits until everything archived is committed. @returns false when nothing has moved for two minutes */
export async function settle(
  ports: Pick<ImportPorts, 'clock' | 'totals'>,
  progress: (progress: Partial<Progress>) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let last = -1;
  let lastMove = ports.clock.monotonic();
  for (;;) {
    const totals = ports.totals();
    const { committableBytes, committedBytes } = totals;
    progress({ phase: 'saving', ...progressOf(totals) });
    if (committedBytes >= committableBytes) return true;
    const now = ports.clock.monotonic();
    if (committedBytes !== last) lastMove = now;
    else if (now - lastMove > STALLED_MS) return false;
    last = committedBytes;
    await ports.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function settleWholly(
  ports: ImportPorts,
  progress: (progress: Partial<Progress>) => void,
  signal: AbortSignal,
): Promise<void> {
  if (await settle(ports, progress, signal)) return;
  const { committableBytes, committedBytes } = ports.totals();
  throw new EngineError(
    'STORE_FAILED',
    `Everything is in the archive, but ${committableBytes - committedBytes} bytes of it cannot be saved in the database; saving is tried again by itself.`,
    { retryable: true },
  );
}

interface Before {
  readonly committed: ReadonlyMap<string, number>;
  readonly records: number;
  readonly deadLetters: number;
}

async function snapshotOf(ports: ImportPorts): Promise<Before> {
  const { records, deadLetters } = await ports.counts();
  const committed = new Map(ports.files().map((file) => [file.archivePath, file.committed]));
  return { committed, records, deadLetters };
}

function followProgress(
  ports: ImportPorts,
  progress: (progress: Partial<Progress>) => void,
  signal: AbortSignal,
): Disposable {
  return ports.clock.every(LOOK_EVERY_MS, () => {
    if (signal.aborted) return;
    progress(progressOf(ports.totals()));
  });
}

function progressOf(totals: ReturnType<ImportPorts['totals']>): Partial<Progress> {
  const { files, savedFiles, committableBytes, committedBytes } = totals;
  return { doneBytes: committedBytes, totalBytes: committableBytes, doneFiles: savedFiles, totalFiles: files };
}

async function report(
  kind: 'import' | 'resync',
  ports: ImportPorts,
  scope: ImportScope,
  before: Before,
  failures: ImportReport['failures'],
  proof: VerifyReport | null,
): Promise<ImportReport> {
  const files = ports.files().filter((file) => !file.isPast && isInScope(file, scope));
  const counts = await ports.counts();
  const readable = files.filter((file) => !file.isBlocked);
  const imported = readable.filter((file) => file.committed > (before.committed.get(file.archivePath) ?? -1));
  return {
    kind,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.archived, 0),
    records: await ports.recordsOf(new Set(files.map((file) => file.archivePath))),
    exchanges: counts.exchanges,
    subagentExchanges: counts.subagentExchanges,
    imported: imported.length,
    skipped: readable.length - imported.length,
    failed: failures.length,
    newRecords: counts.records - before.records,
    quarantined: Math.max(0, counts.deadLetters - before.deadLetters),
    failures,
    proof,
  };
}

function isInScope(file: JobFile, scope: ImportScope): boolean {
  if (scope.archivePaths !== null) return scope.archivePaths.has(file.archivePath);
  return (
    scope.paths === null ||
    scope.paths.some((folder) => file.sourcePath === folder || file.sourcePath.startsWith(below(folder)))
  );
}

function below(folder: string): string {
  return folder.endsWith(path.sep) ? folder : folder + path.sep;
}
