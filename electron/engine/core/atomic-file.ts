import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from './errors.ts';

/**
 * Replaces a file so that a reader, or a crash, sees the old or the new content and nothing between: temporary file, sync,
 * rename, sync of the folder.
 * @param mode permission bits, default 0600: everything Holdfast writes is private
 */
export async function writeFileAtomic(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  // Two writers at the same time must not share it: the rename of one would take it away from the other.
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    const handle = await open(temporary, 'w', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(path.dirname(file));
}

/** Makes a created or renamed name durable. */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  }
}

/** Windows cannot flush a folder and journals names by itself. */
function isUnsupported(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'EPERM' || code === 'EISDIR';
}
