/** Where an export goes. What breaks off leaves nothing behind that looks like a whole export. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Zip, ZipDeflate } from 'fflate';
import { EngineError, systemErrorCode } from '../engine/core/errors.ts';

/** Takes text piece by piece. */
export type Sink = (text: string) => Promise<void>;

/** Takes many files. */
export interface ManyFiles {
  /** @param name relative, with forward slashes */
  add(name: string, pieces: Iterable<string>): Promise<void>;
}

/** Error: RESTORE_CONFLICT when something is there already. */
export function refuseExisting(target: string, isForced: boolean): void {
  if (isForced || !existsSync(target)) return;
  throw new EngineError(
    'RESTORE_CONFLICT',
    `${target} is there already: nothing was written. Use --force to replace it.`,
  );
}

/** One file, under its name only when it is whole. Error: UNSUPPORTED_HERE. */
export async function writeFileWhole<T>(target: string, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const temporary = `${target}.${String(process.pid)}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    let result: T;
    try {
      result = await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw unwritable(target, error);
  }
}

/** A folder: each file is whole or not there. */
export class FolderTarget implements ManyFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async add(name: string, pieces: Iterable<string>): Promise<void> {
    const target = path.join(this.#folder, ...name.split('/'));
    try {
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw unwritable(target, error);
    }
    await writeFileWhole(target, async (handle) => {
      for (const piece of pieces) await handle.writeFile(piece);
    });
  }
}

/** A zip file that is written while it is made. */
export class ZipTarget implements ManyFiles {
  readonly #handle: FileHandle;
  readonly #zip: Zip;
  readonly #waiting: Uint8Array[] = [];
  #failure: Error | null = null;

  constructor(handle: FileHandle) {
    this.#handle = handle;
    this.#zip = new Zip((error, chunk) => {
      if (error !== null) this.#failure = error;
      else this.#waiting.push(chunk);
    });
  }

  async add(name: string, pieces: Iterable<string>): Promise<void> {
    const file = new ZipDeflate(name, { level: 6 });
    this.#zip.add(file);
    for (const piece of pieces) {
      file.push(Buffer.from(piece));
      await this.#write();
    }
    file.push(new Uint8Array(0), true);
    await this.#write();
  }

  async end(): Promise<void> {
    this.#zip.end();
    await this.#write();
  }

  async #write(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    for (const chunk of this.#waiting.splice(0)) await this.#handle.writeFile(chunk);
  }
}

function unwritable(target: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === null || error instanceof EngineError) return error;
  return new EngineError('UNSUPPORTED_HERE', `${target} cannot be written (${code}).`, { cause: error });
}
