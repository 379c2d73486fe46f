/**
 * The mirror of the transcripts: every byte at the same offset as in its source. In: bytes of a transcript, in order. Out:
 * any range, as often as wanted. Guarantees: what `sync` has returned for survives a crash and a power cut; a file only
 * grows. Knows nothing of lines, records or agents.
 */
import { mkdir, open, opendir, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { ArchiveError, systemErrorCode } from '../core/errors.ts';
import { failpoint } from '../core/failpoint.ts';
import { archivedFile } from './archive-path.ts';
import { DurableFolders } from './durable-folders.ts';

/** Description of an agent's root, kept beside its files so that the archive can be understood without the database. */
export interface ArchivedRoot {
  readonly agent: string;
  readonly root: string;
}

const ROOT_FILE = 'root.json';

export class Archive {
  readonly #directory: string;
  readonly #folders: DurableFolders;
  readonly #describedRoots = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
    this.#folders = new DurableFolders(directory);
  }

  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** Proves that the archive can be written now. Error: ARCHIVE_UNAVAILABLE. */
  async probe(): Promise<void> {
    const file = path.join(this.#directory, '.probe');
    try {
      await writeFileAtomic(file, 'x');
      // Another probe may have removed it already.
      await rm(file, { force: true });
    } catch (error) {
      throw unavailable(error, '.probe');
    }
  }

  /** Error: ARCHIVE_MISMATCH for a path that leads out of the archive. */
  fileOf(archivePath: string): string {
    return archivedFile(this.#directory, archivePath);
  }

  /** Writes down which folder a root key stands for. Once per root and run. Error: ARCHIVE_UNAVAILABLE. */
  async describeRoot(rootKey: string, root: ArchivedRoot): Promise<void> {
    if (this.#describedRoots.has(rootKey)) return;
    const directory = path.join(this.#directory, root.agent, rootKey);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFileAtomic(path.join(directory, ROOT_FILE), `${JSON.stringify(root, null, 2)}\n`);
    } catch (error) {
      throw unavailable(error, rootKey);
    }
    this.#describedRoots.add(rootKey);
  }

  /** Bytes held of a generation; 0 when there is none. */
  async sizeOf(archivePath: string): Promise<number> {
    try {
      return (await stat(this.fileOf(archivePath))).size;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return 0;
      throw unavailable(error, archivePath);
    }
  }

  async exists(archivePath: string): Promise<boolean> {
    try {
      await stat(this.fileOf(archivePath));
      return true;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false;
      throw unavailable(error, archivePath);
    }
  }

  /** Every archived generation with its size. */
  async *list(): AsyncGenerator<{ readonly archivePath: string; readonly sizeBytes: number }> {
    yield* this.#listBelow([]);
  }

  async *#listBelow(parts: readonly string[]): AsyncGenerator<{ archivePath: string; sizeBytes: number }> {
    for await (const entry of await opendir(path.join(this.#directory, ...parts))) {
      if (parts.length === 0 && !entry.isDirectory()) continue;
      const below = [...parts, entry.name];
      if (entry.isDirectory()) yield* this.#listBelow(below);
      else if (entry.isFile() && !(below.length === 3 && entry.name === ROOT_FILE) && !entry.name.endsWith('.tmp')) {
        const archivePath = below.join('/');
        yield { archivePath, sizeBytes: await this.sizeOf(archivePath) };
      }
    }
  }

  /** Reads `[start, end)`. Errors: ARCHIVE_MISMATCH when the file is shorter, ARCHIVE_UNAVAILABLE (retryable). */
  async read(archivePath: string, start: number, end: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(end - start);
    try {
      const handle = await open(this.fileOf(archivePath), 'r');
      try {
        await readFully(handle, buffer, start);
      } finally {
        await handle.close();
      }
    } catch (error) {
      // Somebody has removed it: as if it had been cut to nothing. It is copied from its transcript again.
      throw systemErrorCode(error) === 'ENOENT' ? shorter(start, buffer.length) : unavailable(error, archivePath);
    }
    return buffer;
  }

  /**
   * Opens a generation for appending and creates it if needed. Only one writer at a time may be open for it.
   * @param from where to go on, before the end: to write again what a power cut has left as holes
   */
  async openWriter(archivePath: string, from = Infinity): Promise<ArchiveWriter> {
    const file = this.fileOf(archivePath);
    try {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      return await ArchiveWriter.open(file, archivePath, from, this.#folders);
    } catch (error) {
      throw unavailable(error, archivePath);
    }
  }
}

export class ArchiveWriter {
  readonly #handle: FileHandle;
  readonly #archivePath: string;
  readonly #settleNames: () => Promise<void>;
  #areNamesSettled = false;
  #position: number;

  private constructor(handle: FileHandle, archivePath: string, position: number, settleNames: () => Promise<void>) {
    this.#handle = handle;
    this.#archivePath = archivePath;
    this.#position = position;
    this.#settleNames = settleNames;
  }

  static async open(file: string, archivePath: string, from: number, folders: DurableFolders): Promise<ArchiveWriter> {
    const { handle, isNew } = await openOrCreate(file);
    if (isNew) folders.noteNew(file);
    const { size } = await handle.stat();
    return new ArchiveWriter(handle, archivePath, Math.min(size, from), () => folders.settle(file));
  }

  /** Bytes held. */
  get position(): number {
    return this.#position;
  }

  async append(bytes: Buffer): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#position);
        done += bytesWritten;
        this.#position += bytesWritten;
      }
      failpoint('after-archive-write');
    } catch (error) {
      throw unavailable(error, this.#archivePath);
    }
  }

  /** Returns when everything appended would survive a power cut. */
  async sync(): Promise<void> {
    try {
      await this.#handle.datasync();
      if (!this.#areNamesSettled) await this.#settleNames();
      this.#areNamesSettled = true;
      failpoint('after-archive-sync');
    } catch (error) {
      throw unavailable(error, this.#archivePath);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readFully(handle: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) throw shorter(position, buffer.length);
    done += bytesRead;
  }
}

async function openOrCreate(file: string): Promise<{ handle: FileHandle; isNew: boolean }> {
  try {
    return { handle: await open(file, 'r+'), isNew: false };
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    return { handle: await open(file, 'wx+', 0o600), isNew: true };
  }
}

function shorter(position: number, length: number): ArchiveError {
  return new ArchiveError('ARCHIVE_MISMATCH', 'an archived transcript is shorter than what was written of it', {
    context: { position, length },
  });
}

function unavailable(cause: unknown, archivePath: string): ArchiveError {
  if (cause instanceof ArchiveError) return cause;
  return new ArchiveError(
    'ARCHIVE_UNAVAILABLE',
    `the archive cannot be written or read (${systemErrorCode(cause) ?? 'unknown reason'}); transcripts are kept where they are and read again later`,
    { cause, retryable: true, context: { archivePath } },
  );
}
