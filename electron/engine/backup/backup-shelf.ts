/**
 * The copies of the database in `backups/`: `holdfast-<time>.db`, each with a `.json` that says what was in it when it was checked.
 * A copy has its name only once it is whole, checked and durable; what is half done ends in `.partial` and is nobody's backup.
 */
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { BackupView } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { syncDirectory, writeFileAtomic } from '../core/atomic-file.ts';
import { BackupError, systemErrorCode } from '../core/errors.ts';
import { failpoint } from '../core/failpoint.ts';
import { fileTime, syncFile } from './database-files.ts';

/** What a check of a copy found. */
export interface CopyContent {
  readonly isSound: boolean;
  readonly exchanges: number;
  readonly records: number;
  readonly sessions: number;
}

/** How a copy is made and checked. */
export interface CopyPorts {
  /** Writes a consistent copy of the database into a file that is not there. */
  copy(target: string): Promise<void>;
  /** Reads everything of a copy. */
  inspect(file: string): Promise<CopyContent>;
}

const NAME = /^holdfast-\d{4}-\d\d-\d\dT[\d-]+Z\.db$/;
const PARTIAL = '.partial';

const description = z.object({
  at: z.number(),
  exchanges: z.number(),
  records: z.number(),
  sessions: z.number(),
  verifiedAt: z.number(),
  /** What the database was marked with, see `BackupSchedule`. */
  mark: z.string(),
});

export interface TakeOptions {
  readonly at: EpochMs;
  readonly mark: string;
  /** So many stay, the new one among them. */
  readonly keep: number;
}

export class BackupShelf {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Newest first. One whose description is gone counts as not verified. */
  async list(): Promise<readonly BackupView[]> {
    const names = (await this.#names()).filter((name) => NAME.test(name));
    const views = await Promise.all(
      names
        .toSorted()
        .toReversed()
        .map((name) => this.#view(name)),
    );
    return views.filter((view) => view !== null);
  }

  /**
   * Makes a backup, checks it, and removes the oldest ones beyond `keep`. Error: BACKUP_FAILED; the ones that there were are
   * still there then.
   */
  async take(ports: CopyPorts, { at, mark, keep }: TakeOptions): Promise<BackupView> {
    const name = `holdfast-${fileTime(at)}.db`;
    const file = path.join(this.#directory, name);
    const partial = `${file}${PARTIAL}`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await this.#removePartials();
      await ports.copy(partial);
      const { isSound, ...content } = await ports.inspect(partial);
      if (!isSound) throw new BackupError('BACKUP_DAMAGED', 'the copy of the database does not hold what it should');
      failpoint('in-backup');
      await syncFile(partial);
      // First what is said of it: a copy without it would never count as verified.
      await writeFileAtomic(`${file}.json`, `${JSON.stringify({ at, ...content, verifiedAt: at, mark }, null, 2)}\n`);
      await rename(partial, file);
      await syncDirectory(this.#directory);
    } catch (error) {
      await this.#removeAll([partial, `${partial}-wal`, `${partial}-shm`, `${partial}-journal`]);
      if (!(await this.#isThere(file))) await this.#removeAll([`${file}.json`]);
      throw failed(error);
    }
    await this.#prune(keep);
    const made = await this.#view(name);
    if (made === null) throw new BackupError('BACKUP_FAILED', `the backup ${name} has vanished`);
    return made;
  }

  /** A backup by its name, checked now. Errors: NOT_FOUND, BACKUP_DAMAGED. */
  async find(
    name: string,
    isSound: (file: string) => Promise<boolean>,
  ): Promise<{ readonly name: string; readonly file: string }> {
    const file = path.join(this.#directory, name);
    if (!NAME.test(name) || !(await this.#isThere(file))) {
      throw new BackupError(
        'NOT_FOUND',
        `There is no backup "${name}"; "holdfast backups" lists them. Nothing was changed.`,
      );
    }
    if (await isSound(file)) return { name, file };
    throw new BackupError('BACKUP_DAMAGED', `The backup ${name} is damaged and was not used. Nothing was changed.`);
  }

  /** The newest verified backup that is still good; null when there is none. */
  async newestGood(
    isSound: (file: string) => Promise<boolean>,
  ): Promise<{ readonly name: string; readonly file: string } | null> {
    for (const { name, verified } of await this.list()) {
      const file = path.join(this.#directory, name);
      if (verified && (await isReadable(() => isSound(file)))) return { name, file };
    }
    return null;
  }

  /** What the database was marked with when that backup was made; null: not known. */
  async markOf(name: string): Promise<string | null> {
    return (await readDescription(path.join(this.#directory, `${name}.json`)))?.mark ?? null;
  }

  async #view(name: string): Promise<BackupView | null> {
    const file = path.join(this.#directory, name);
    const said = await readDescription(`${file}.json`);
    try {
      const { size, mtimeMs } = await stat(file);
      return {
        name,
        at: said?.at ?? Math.round(mtimeMs),
        bytes: size,
        exchanges: said?.exchanges ?? null,
        records: said?.records ?? null,
        verified: said !== null,
      };
    } catch (error) {
      if (systemErrorCode(error) === null) throw error;
      return null;
    }
  }

  async #prune(keep: number): Promise<void> {
    for (const { name } of (await this.list()).slice(Math.max(1, keep))) {
      const file = path.join(this.#directory, name);
      await this.#removeAll([file, `${file}.json`]);
    }
  }

  async #removePartials(): Promise<void> {
    const names = (await this.#names()).filter((name) => name.includes(PARTIAL));
    await this.#removeAll(names.map((name) => path.join(this.#directory, name)));
  }

  async #removeAll(files: readonly string[]): Promise<void> {
    for (const file of files) await rm(file, { force: true });
  }

  async #isThere(file: string): Promise<boolean> {
    try {
      return (await stat(file)).isFile();
    } catch (error) {
      if (systemErrorCode(error) === null) throw error;
      return false;
    }
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#directory);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }
}

async function readDescription(file: string): Promise<z.infer<typeof description> | null> {
  try {
    const said = description.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return said.success ? said.data : null;
  } catch (error) {
    if (systemErrorCode(error) === null && !(error instanceof SyntaxError)) throw error;
    return null;
  }
}

/** A backup that cannot even be opened is not a good one. */
async function isReadable(isSound: () => Promise<boolean>): Promise<boolean> {
  try {
    return await isSound();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return false;
  }
}

function failed(error: unknown): unknown {
  if (error instanceof BackupError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  return new BackupError(
    'BACKUP_FAILED',
    `The database could not be backed up (${code}); the backups that there were are still there.`,
    { cause: error, retryable: true },
  );
}
