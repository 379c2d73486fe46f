/** Synchronous reading of the archive for worker threads, where the parser waits for the bytes anyway. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ArchiveError, systemErrorCode } from '../core/errors.ts';
import { archivedFile } from './archive-path.ts';

const CHUNK_BYTES = 1024 * 1024;

export class ArchiveReader {
  readonly #directory: string;
  /** Kept between calls: making a megabyte of memory takes as long as reading it. Null while it is lent out. */
  #buffer: Buffer | null = Buffer.allocUnsafe(CHUNK_BYTES);

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Size of a generation; null when there is none. */
  sizeOf(archivePath: string): number | null {
    return this.#withFile(archivePath, (fd) => (fd === null ? null : fstatSync(fd).size));
  }

  /**
   * Gives the bytes `[start, end)` in chunks of at most 1 MiB; each is valid until the next call of `use`.
   * Errors: ARCHIVE_MISMATCH when the file is absent or shorter, ARCHIVE_UNAVAILABLE (retryable) when it cannot be read.
   */
  readChunks(archivePath: string, start: number, end: number, use: (chunk: Buffer) => void): void {
    this.#withFile(archivePath, (fd) => {
      using lent = this.#lendBuffer();
      const { buffer } = lent;
      for (let at = start; at < end;) {
        const read = fd === null ? 0 : readSome(fd, buffer.subarray(0, end - at), at, archivePath);
        if (read === 0) {
          throw new ArchiveError('ARCHIVE_MISMATCH', 'an archived transcript is shorter than what was queued of it', {
            context: { archivePath, start, end },
          });
        }
        use(buffer.subarray(0, read));
        at += read;
      }
    });
  }

  read(archivePath: string, start: number, end: number): Buffer {
    const chunks: Buffer[] = [];
    this.readChunks(archivePath, start, end, (chunk) => chunks.push(Buffer.from(chunk)));
    return Buffer.concat(chunks);
  }

  /** Whoever reads while a chunk is in use gets memory of its own. */
  #lendBuffer(): Disposable & { readonly buffer: Buffer } {
    const buffer = this.#buffer ?? Buffer.allocUnsafe(CHUNK_BYTES);
    this.#buffer = null;
    return { buffer, [Symbol.dispose]: () => (this.#buffer = buffer) };
  }

  #withFile<T>(archivePath: string, use: (fd: number | null) => T): T {
    const file = archivedFile(this.#directory, archivePath);
    let fd: number | null = null;
    try {
      fd = openSync(file, 'r');
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw unreadable(error, archivePath);
    }
    try {
      return use(fd);
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }
}

function readSome(fd: number, buffer: Buffer, position: number, archivePath: string): number {
  try {
    return readSync(fd, buffer, 0, buffer.length, position);
  } catch (error) {
    throw unreadable(error, archivePath);
  }
}

function unreadable(cause: unknown, archivePath: string): ArchiveError {
  return new ArchiveError('ARCHIVE_UNAVAILABLE', 'an archived transcript cannot be read', {
    cause,
    retryable: true,
    context: { archivePath },
  });
}
