/**
 * Finds the file that has got another name. The inode only says which one it may be: a file that is made after another was
 * deleted often gets the same one. What was archived decides.
 */
import { lstat } from 'node:fs/promises';
import { systemErrorCode } from '../core/errors.ts';
import type { TrackedFile } from './tracked-file.ts';

export interface RenameFinderOptions {
  /** The file that was seen last with that inode. */
  readonly withInode: (inode: bigint) => TrackedFile | undefined;
  /** True when the source of that name begins with what was archived of the file. */
  readonly continuesAs: (file: TrackedFile, sourcePath: string) => Promise<boolean>;
}

/** @returns the known file that is called `sourcePath` now, its old name being gone; null when there is none */
export async function findRenamed(sourcePath: string, options: RenameFinderOptions): Promise<TrackedFile | null> {
  const inode = await inodeOf(sourcePath);
  if (inode === null) return null;
  const file = options.withInode(inode);
  if (file?.inode !== inode || file.state === 'past' || file.archived === 0) return null;
  if (file.sourcePath === sourcePath || (await inodeOf(file.sourcePath)) !== null) return null;
  return (await options.continuesAs(file, sourcePath)) ? file : null;
}

async function inodeOf(file: string): Promise<bigint | null> {
  try {
    return (await lstat(file, { bigint: true })).ino;
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return null;
  }
}
