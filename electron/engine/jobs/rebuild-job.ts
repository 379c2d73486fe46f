/** Puts another database in the place of the present one, and ends when it holds everything that is archived. */
import type { RebuildReport } from '../../../shared/status.ts';
import { EngineError } from '../core/errors.ts';
import { abortable } from './abortable.ts';
import { settle, type ImportPorts } from './import-job.ts';
import type { JobWork } from './job-runner.ts';

export interface RebuildPorts {
  /** Puts the database aside, and the backup or nothing in its place. */
  replace(): Promise<{ readonly setAside: string | null; readonly backup: string | null; readonly salvaged: number }>;
  /** What reads the archive into the new database; only now, because it may not have been there before. */
  saving(): Promise<Pick<ImportPorts, 'clock' | 'totals' | 'counts' | 'files'>>;
}

export function rebuildJob(kind: RebuildReport['kind'], ports: RebuildPorts): JobWork {
  return async (progress, signal) => {
    progress({ phase: 'writing' });
    const replaced = await abortable(ports.replace(), signal);
    const saving = await ports.saving();
    if (!(await settle(saving, progress, signal))) {
      const { committableBytes, committedBytes } = saving.totals();
      throw new EngineError(
        'STORE_FAILED',
        `${committableBytes - committedBytes} bytes of the archive could not be saved in the new database yet; that goes on by ` +
          `itself. The old database is ${replaced.setAside ?? 'gone'}.`,
        { retryable: true },
      );
    }
    const counts = await saving.counts();
    const files = saving.files().filter((file) => file.archived > 0);
    return {
      kind,
      ...{ backup: replaced.backup, setAside: replaced.setAside, salvaged: replaced.salvaged },
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.archived, 0),
      records: counts.records,
      exchanges: counts.exchanges,
      subagentExchanges: counts.subagentExchanges,
      quarantined: counts.deadLetters,
    };
  };
}
