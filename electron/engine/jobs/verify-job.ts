/** The proof: every transcript on disk against the archive, the archive against the database, the database against itself. */
import type { VerifyReport } from '../../../shared/status.ts';
import { abortable } from './abortable.ts';
import type { FileCheck, FileToCheck } from './file-check.ts';
import type { JobWork } from './job-runner.ts';

export interface VerifyPorts {
  /** Brings a running recorder up to date first; does nothing where nothing records. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Every file on disk, and every archived one whose source is gone. */
  list(): Promise<readonly FileToCheck[]>;
  /** Paths that cannot be read at all (links, FIFOs, folders without permission). */
  unreadable(): readonly { readonly path: string; readonly reason: string }[];
  check(file: FileToCheck): Promise<FileCheck>;
  /** Waits until what is being written right now has been saved. */
  settle(signal: AbortSignal): Promise<void>;
  proof(): Promise<{
    readonly exchanges: number;
    readonly subagentExchanges: number;
    readonly duplicated: number;
    readonly drift: number;
  }>;
}

const SHOWN = 20;

export function verifyJob(ports: VerifyPorts): JobWork {
  return async (progress, signal) => {
    progress({ phase: 'scanning' });
    await ports.catchUp(signal);
    const files = await abortable(ports.list(), signal);
    const checks = new Map<FileToCheck, FileCheck>();
    let doneBytes = 0;
    for (const [index, file] of files.entries()) {
      const check = await abortable(ports.check(file), signal);
      checks.set(file, check);
      doneBytes += check.bytes;
      progress({ phase: 'comparing', doneFiles: index + 1, totalFiles: files.length, doneBytes });
    }
    // A transcript that is being written differs for a moment: such files get a second look once it has been saved.
    const suspects = files.filter((file) => isSuspect(checks.get(file)));
    if (suspects.length > 0) await ports.settle(signal);
    for (const file of suspects) checks.set(file, await abortable(ports.check(file), signal));
    return await abortable(report(ports, checks), signal);
  };
}

function isSuspect(check: FileCheck | undefined): boolean {
  return check !== undefined && (check.missingFrom !== null || check.missingRecords.length > 0);
}

async function report(ports: VerifyPorts, checks: ReadonlyMap<FileToCheck, FileCheck>): Promise<VerifyReport> {
  const all = [...checks];
  const sum = (figure: (check: FileCheck) => number): number =>
    all.reduce((total, [, check]) => total + figure(check), 0);
  const missingBytes = all.flatMap(([file, check]) =>
    check.missingFrom === null ? [] : [{ path: file.sourcePath ?? file.archivePath, offset: check.missingFrom }],
  );
  const missingRecords = all.flatMap(([, check]) => check.missingRecords);
  const { exchanges, subagentExchanges, duplicated, drift } = await ports.proof();
  return {
    kind: 'verify',
    files: all.length,
    bytes: sum((check) => check.bytes),
    records: sum((check) => check.records),
    exchanges,
    subagentExchanges,
    missing: missingBytes.length + missingRecords.length,
    duplicated,
    quarantined: sum((check) => check.quarantined),
    drift,
    missingBytes,
    missingRecords: missingRecords.slice(0, SHOWN),
    unreadable: [
      ...all.flatMap(([file, check]) =>
        check.unreadable === null ? [] : [{ path: file.sourcePath ?? file.archivePath, reason: check.unreadable }],
      ),
      ...ports.unreadable(),
    ],
  };
}
