import type { BackupView } from '../../shared/status.ts';
import { EngineError } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { withClient } from './open-client.ts';
import { EXIT } from './exit-code.ts';
import { bytesText, countText, timeText } from './figures.ts';
import { runJob } from './follow-job.ts';
import { printReport, type JsonOption } from './job-commands.ts';
import { tableLines } from './table.ts';

export interface ConfirmedOptions extends JsonOption {
  readonly yes?: boolean;
}

/** Makes a copy of the database, and reads it through. Errors: BACKUP_FAILED, BACKUP_DAMAGED. */
export async function backupCommand(context: CommandContext, options: JsonOption): Promise<number> {
  const report = await withClient(context, (client) => runJob(context, client, { kind: 'backup' }));
  return printReport(context, report, options);
}

export async function backupsCommand(context: CommandContext, options: JsonOption): Promise<number> {
  const backups = await withClient(context, (client) => client.call('backups.list', {}));
  if (options.json === true) {
    await context.out.json(backups);
    return EXIT.ok;
  }
  if (backups.length === 0) await context.err.line('No backups yet: "holdfast backup" makes one.');
  else for (const line of backupLines(backups)) await context.out.line(line);
  return EXIT.ok;
}

function backupLines(backups: readonly BackupView[]): readonly string[] {
  const rows = backups.map(({ name, at, bytes, exchanges, verified }) => [
    name,
    timeText(at),
    bytesText(bytes),
    exchanges === null ? 'unknown' : countText(exchanges),
    verified ? 'yes' : 'no',
  ]);
  return tableLines(
    [
      { title: 'NAME' },
      { title: 'MADE' },
      { title: 'SIZE', align: 'right' },
      { title: 'EXCHANGES', align: 'right' },
      { title: 'VERIFIED' },
    ],
    rows,
    null,
  );
}

/** Errors: NOT_FOUND, BACKUP_DAMAGED; IPC_BAD_ARGUMENT when nobody can be asked. */
export async function backupRestoreCommand(
  context: CommandContext,
  name: string,
  options: ConfirmedOptions,
): Promise<number> {
  const question =
    `Put the backup ${name} in the place of the database? The present one is kept beside it, and what the archive ` +
    'holds beyond the backup is read again.';
  if (!(await isConfirmed(context, question, options))) return EXIT.failed;
  const report = await withClient(context, (client) => runJob(context, client, { kind: 'backup-restore', name }));
  return printReport(context, report, options);
}

/** Error: IPC_BAD_ARGUMENT when nobody can be asked. */
export async function rebuildCommand(context: CommandContext, options: ConfirmedOptions): Promise<number> {
  const question =
    'Make the database anew from the archive? The present one is kept beside it; until it is done, not everything is found.';
  if (!(await isConfirmed(context, question, options))) return EXIT.failed;
  const report = await withClient(context, (client) => runJob(context, client, { kind: 'rebuild' }));
  return printReport(context, report, options);
}

async function isConfirmed(context: CommandContext, question: string, { yes }: ConfirmedOptions): Promise<boolean> {
  if (yes === true) return true;
  if (context.ask === null) {
    throw new EngineError('IPC_BAD_ARGUMENT', 'There is no terminal to ask on: add --yes. Nothing was changed.');
  }
  if (/^y(es)?$/i.test((await context.ask(`${question} [y/N] `)).trim())) return true;
  await context.err.line('Nothing was changed.');
  return false;
}
