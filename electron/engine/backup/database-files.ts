/** The files that make up a database, as one thing that can be put aside or put in place. Nobody may have it open meanwhile. */
import { copyFile, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { EpochMs } from '../../../shared/time.ts';
import { syncDirectory } from '../core/atomic-file.ts';
import { systemErrorCode } from '../core/errors.ts';

/** Ending of a copy on its way into place. */
export const RESTORING = '.restoring';
/** The file itself last: as long as it stands, its log belongs to it. */
const SUFFIXES = ['-journal', '-shm', '-wal', ''] as const;

/**
 * Moves a database with its log aside. Never deletes one.
 * @param why ends up in the name: `holdfast.db.damaged-2026-11-22T17-21-45-123Z`
 * @returns where it is now; null when there was none
 */
export async function setDatabaseAside(file: string, why: 'damaged' | 'replaced', at: EpochMs): Promise<string | null> {
  const target = `${file}.${why}-${fileTime(at)}`;
  let isThere = false;
  for (const suffix of SUFFIXES) {
    try {
      await rename(`${file}${suffix}`, `${target}${suffix}`);
      isThere ||= suffix === '';
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
  await syncDirectory(path.dirname(file));
  return isThere ? target : null;
}

/** Copies a file so that it is whole and durable before it has its name. Replaces nothing of a database but the file itself. */
export async function putDatabaseInPlace(source: string, file: string): Promise<void> {
  const temporary = `${file}${RESTORING}`;
  try {
    await copyFile(source, temporary);
    await syncFile(temporary);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(path.dirname(file));
}

export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A time that every file system takes in a name. */
export function fileTime(at: EpochMs): string {
  return new Date(at).toISOString().replace(/[:.]/g, '-');
}
