/** Whether a source still is what was archived of it. The archive's bytes decide; names, inodes and times are only hints. */
import type { FileHandle } from 'node:fs/promises';
import type { ArchiveSink } from './archive-sink.ts';
import { readFully } from './source-file.ts';
import type { TrackedFile } from './tracked-file.ts';

type ArchivedBytes = Pick<ArchiveSink, 'read'>;

const CHUNK_BYTES = 1024 * 1024;
/** Bytes that are compared before more is read: an appended file has the same ones before its new end. */
const ANCHOR_BYTES = 4096;

/**
 * True if the source begins with what was archived of it.
 * @param options.thorough looks at every archived byte, not only at the head and the end
 */
export async function continues(
  archive: ArchivedBytes,
  file: TrackedFile,
  source: FileHandle,
  options: { readonly sizeBytes: number; readonly thorough: boolean },
): Promise<boolean> {
  const { archivePath, archived } = file;
  if (options.sizeBytes < archived) return false;
  if (options.thorough) return await isSame(archive, archivePath, source, [0, archived]);
  // A power cut may have left holes in what an earlier run archived last; what is committed was durable before.
  const sure = file.mark === null ? Math.min(file.committed, archived) : archived;
  const anchor = Math.max(0, sure - ANCHOR_BYTES);
  return (
    (await isSame(archive, archivePath, source, [anchor, archived])) &&
    (await isSame(archive, archivePath, source, [0, Math.min(ANCHOR_BYTES, anchor)]))
  );
}

/**
 * True if what is archived and not committed has holes, and is the source wherever it has none: a power cut leaves zeros where
 * the system had not written yet. No transcript holds zeros, so filling them takes nothing away.
 */
export async function hasHoles(
  archive: ArchivedBytes,
  { archivePath, archived, committed }: TrackedFile,
  source: FileHandle,
): Promise<boolean> {
  if (committed >= archived || !(await isSame(archive, archivePath, source, [0, committed]))) return false;
  let isFound = false;
  for (let at = committed; at < archived;) {
    const until = Math.min(at + CHUNK_BYTES, archived);
    const mine = await archive.read(archivePath, at, until);
    const theirs = Buffer.allocUnsafe(until - at);
    if ((await readFully(source, theirs, at)) < theirs.length) return false;
    at = until;
    if (mine.equals(theirs)) continue;
    if (!mine.every((byte, index) => byte === 0 || byte === theirs[index])) return false;
    isFound = true;
  }
  return isFound;
}

/** Compares the bytes before `end`. */
export function endsLike(
  archive: ArchivedBytes,
  archivePath: string,
  source: FileHandle,
  end: number,
): Promise<boolean> {
  return isSame(archive, archivePath, source, [Math.max(0, end - ANCHOR_BYTES), end]);
}

/** Compares the bytes `[start, end)`. */
export async function isSame(
  archive: ArchivedBytes,
  archivePath: string,
  source: FileHandle,
  [start, end]: readonly [number, number],
): Promise<boolean> {
  for (let at = start; at < end;) {
    const until = Math.min(at + CHUNK_BYTES, end);
    const mine = await archive.read(archivePath, at, until);
    const theirs = Buffer.allocUnsafe(until - at);
    if ((await readFully(source, theirs, at)) < theirs.length || !mine.equals(theirs)) return false;
    at = until;
  }
  return true;
}
