import type { HealthReport } from '../../shared/status.ts';
import { dataPaths } from '../engine/config/data-paths.ts';
import { loadSettings } from '../engine/config/settings-file.ts';
import { EngineError } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { findRunningClient } from './open-client.ts';
import { EXIT } from './exit-code.ts';
import { plainLine } from './plain-text.ts';
import { tableLines } from './table.ts';

export interface HealthOptions {
  readonly json?: boolean;
  readonly format: 'text' | 'json';
}

/**
 * Checks of the running engine; exit code 0 healthy or degraded, 1 unhealthy.
 * Errors: CONFIG_INVALID and its like (exit code 2), ENGINE_NOT_RUNNING (3).
 */
export async function healthCommand(context: CommandContext, options: HealthOptions): Promise<number> {
  const { home } = context.engine;
  await loadSettings(dataPaths(home).settings);
  const client = await findRunningClient(context);
  if (client === null) {
    throw new EngineError(
      'ENGINE_NOT_RUNNING',
      'Holdfast is not running, so nothing is recorded: "holdfast run" starts it.',
    );
  }
  const report = await client.call('health.get', {});
  if (options.json === true || options.format === 'json') await context.out.json(report);
  else for (const line of healthLines(report)) await context.out.line(line);
  return report.status === 'unhealthy' ? EXIT.failed : EXIT.ok;
}

function healthLines(report: HealthReport): readonly string[] {
  const rows = report.checks.map(({ name, status, timeMs, reason }) => [
    status.toUpperCase(),
    name,
    `${timeMs.toFixed(1)} ms`,
    plainLine(reason),
  ]);
  const columns = [{ title: '' }, { title: 'check' }, { title: 'time', align: 'right' }, { title: 'reason' }] as const;
  return [report.status, ...tableLines(columns, rows, null).slice(1)];
}
