/**
 * Puts bytes back into an archived file that were damaged there, from the transcript they came from. Only bytes whose hash is the
 * one that was saved are ever written, and only over bytes that are there: the file neither grows nor shrinks.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { systemErrorCode } from '../core/errors.ts';

export interface RangeToRepair {
  readonly start: number;
  readonly end: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * - `repaired`: the archive holds the right bytes again, durable.
 * - `shorter`: the archived file ends before the range does; it has to be copied on from the transcript.
 * - `no-source`: the transcript is gone, or holds other bytes there by now.
 */
export type RepairOutcome = 'repaired' | 'shorter' | 'no-source';

const CHUNK_BYTES = 1024 * 1024;

export async function repairRange(
  archivedFile: string,
  sourceFile: string | null,
  range: RangeToRepair,
): Promise<RepairOutcome> {
  const source = sourceFile === null ? null : await openOrNull(sourceFile, 'r');
  if (source === null) return 'no-source';
  try {
    if ((await hashOf(source, range)) !== range.sha256) return 'no-source';
    const archived = await openOrNull(archivedFile, 'r+');
    if (archived === null) return 'shorter';
    try {
      if ((await archived.stat()).size < range.end) return 'shorter';
      await copy(source, archived, range);
      await archived.datasync();
      // Read back: the transcript may have been rewritten while it was copied.
      return (await hashOf(archived, range)) === range.sha256 ? 'repaired' : 'no-source';
    } finally {
      await archived.close();
    }
  } finally {
    await source.close();
  }
}

async function hashOf(handle: FileHandle, range: RangeToRepair): Promise<string> {
  const hash = createHash('sha256');
  await eachChunk(handle, range, (chunk) => {
    hash.update(chunk);
  });
  return hash.digest('hex');
}

async function copy(from: FileHandle, to: FileHandle, range: RangeToRepair): Promise<void> {
  await eachChunk(from, range, async (chunk, at) => {
    for (let done = 0; done < chunk.length;) {
      done += (await to.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
    }
  });
}

/** A file that is shorter gives fewer bytes. */
async function eachChunk(
  handle: FileHandle,
  { start, end }: RangeToRepair,
  use: (chunk: Buffer, at: number) => Promise<void> | void,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - start));
  for (let at = start; at < end;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return;
    await use(buffer.subarray(0, bytesRead), at);
    at += bytesRead;
  }
}

async function openOrNull(file: string, flags: 'r' | 'r+'): Promise<FileHandle | null> {
  try {
    return await open(file, flags);
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return null;
  }
}
