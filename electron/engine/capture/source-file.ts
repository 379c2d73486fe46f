/** Reading another program's file without disturbing it and without being held up by it. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemErrorCode } from '../core/errors.ts';

// NONBLOCK: opening a FIFO must not wait for its writer. NOFOLLOW: what was a file a moment ago may be a link now.
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

export function openSource(file: string): Promise<FileHandle> {
  return open(file, READ_FLAGS);
}

/** Fills the buffer from `position` on, as far as the file goes. */
export async function readFully(source: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await source.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Errors of reading a source, as opposed to those of the archive, which come as EngineError. */
export function isSourceError(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code !== null && /^(EACCES|EPERM|EIO|EBUSY|EISDIR|ESTALE|ENXIO|ELOOP|ENODEV|EAGAIN)$/.test(code);
}
