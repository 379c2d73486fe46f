/**
 * The folder in which Redis keeps its append-only file. What is in it can be made again from the archive, so damage is
 * never repaired: the folder is moved aside, for whoever wants to know, and Redis starts with an empty one.
 */
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { EpochMs } from '../../../shared/time.ts';
import { systemErrorCode } from '../core/errors.ts';

/** Redis' default for `appenddirname`, since 7.0. */
const APPEND_DIRECTORY = 'appendonlydir';
const QUARANTINE_PREFIX = 'quarantine-';
/** Each may be as large as the memory limit, a few times over. */
const QUARANTINES_KEPT = 3;

/** Makes the folder with mode 0700, whatever it had. */
export async function ensurePrivateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
}

export async function isEmptyDirectory(directory: string): Promise<boolean> {
  return (await namesIn(directory)).length === 0;
}

/**
 * True when there are append-only files without the manifest that lists them. Redis would start empty, without a word, and write
 * new files over the old ones.
 */
export async function isManifestMissing(directory: string): Promise<boolean> {
  const names = await namesIn(path.join(directory, APPEND_DIRECTORY));
  return names.length > 0 && !names.some((name) => name.endsWith('.manifest'));
}

/**
 * Moves the folder aside and leaves an empty one in its place.
 * @returns where the old one is now: `<root>/quarantine-2026-11-22T17-21-45-123Z`
 */
export async function quarantine(directory: string, root: string, at: EpochMs): Promise<string> {
  const time = new Date(at).toISOString().replace(/[:.]/g, '-');
  const target = path.join(root, `${QUARANTINE_PREFIX}${time}`);
  await rename(directory, target);
  await ensurePrivateDirectory(directory);
  await removeOldQuarantines(root);
  return target;
}

async function removeOldQuarantines(root: string): Promise<void> {
  const all = (await namesIn(root)).filter((name) => name.startsWith(QUARANTINE_PREFIX));
  for (const name of all.toSorted().slice(0, -QUARANTINES_KEPT)) {
    await rm(path.join(root, name), { recursive: true, force: true });
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
