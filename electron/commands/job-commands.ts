import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { JobReport } from '../../shared/status.ts';
import { EngineError, InvariantError, systemErrorCode } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { withClient } from './open-client.ts';
import { EXIT } from './exit-code.ts';
import { runJob } from './follow-job.ts';
import { backupLines, importLines, isProven, rebuildLines, restoreLines, verifyLines } from './report-text.ts';

export interface JsonOption {
  readonly json?: boolean;
}

export interface ResyncOptions extends JsonOption {
  readonly session?: string;
  readonly project?: string;
  readonly all?: boolean;
}

export interface RestoreOptions extends JsonOption {
  readonly to?: string;
}

/** Exit code 1 if a file could not be read. */
export async function importCommand(
  context: CommandContext,
  paths: readonly string[],
  options: JsonOption,
): Promise<number> {
  const absolute = paths.map((name) => path.resolve(context.workingDirectory, name));
  for (const file of absolute) await assertExists(file);
  const report = await withClient(context, (client) => runJob(context, client, { kind: 'import', paths: absolute }));
  return printReport(context, report, options);
}

/** Exit code 1 if a file could not be read or the proof at the end failed. */
export async function resyncCommand(context: CommandContext, options: ResyncOptions): Promise<number> {
  const { session, project, all } = options;
  if ([session !== undefined, project !== undefined, all === true].filter(Boolean).length !== 1) {
    throw new EngineError('IPC_BAD_ARGUMENT', 'Say what to read again: one of --session ID, --project DIR, --all.');
  }
  const report = await withClient(context, (client) =>
    runJob(context, client, {
      kind: 'resync',
      session: session ?? null,
      project: project === undefined ? null : path.resolve(context.workingDirectory, project),
    }),
  );
  return printReport(context, report, options);
}

/** Exit code 1 if anything is missing or there twice. */
export async function verifyCommand(context: CommandContext, options: JsonOption): Promise<number> {
  const report = await withClient(context, (client) => runJob(context, client, { kind: 'verify' }));
  return printReport(context, report, options);
}

/** Exit code 1 if a file was left alone because other content is in its place. */
export async function restoreCommand(
  context: CommandContext,
  session: string,
  options: RestoreOptions,
): Promise<number> {
  const to = options.to === undefined ? null : path.resolve(context.workingDirectory, options.to);
  const report = await withClient(context, (client) => runJob(context, client, { kind: 'restore', session, to }));
  return printReport(context, report, options);
}

/** Exit code 1 if the report says that something is not as it should be. */
export async function printReport(context: CommandContext, report: JobReport, { json }: JsonOption): Promise<number> {
  const { lines, isGood } = judge(report);
  if (json === true) await context.out.json(report);
  else for (const line of lines) await context.out.line(line);
  return isGood ? EXIT.ok : EXIT.failed;
}

function judge(report: JobReport): { readonly lines: readonly string[]; readonly isGood: boolean } {
  switch (report.kind) {
    case 'import':
    case 'resync': {
      const isProofGood = report.proof === null || isProven(report.proof);
      return { lines: importLines(report), isGood: report.failed === 0 && isProofGood };
    }
    case 'verify':
      return { lines: verifyLines(report), isGood: isProven(report) };
    case 'restore':
      return { lines: restoreLines(report), isGood: report.conflicts.length === 0 };
    case 'backup':
      return { lines: backupLines(report), isGood: true };
    case 'rebuild':
    case 'backup-restore':
      return { lines: rebuildLines(report), isGood: true };
    default:
      throw new InvariantError(`unexpected report: ${JSON.stringify(report)}`);
  }
}

async function assertExists(file: string): Promise<void> {
  try {
    await stat(file);
  } catch (error) {
    const reason =
      systemErrorCode(error) === 'ENOENT' ? 'there is nothing' : (systemErrorCode(error) ?? 'unknown reason');
    throw new EngineError('NOT_FOUND', `Cannot import ${file}: ${reason}.`, { cause: error });
  }
}
