/**
 * What became of databases that were put aside, in a file of its own beside them: it must survive the database that it tells
 * of, and a restart in the middle of a recovery.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { StoreRecovery } from '../../../shared/status.ts';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { systemErrorCode } from '../core/errors.ts';

const recovery = z.object({
  at: z.number(),
  cause: z.enum(['damage', 'rebuild', 'restore', 'search-index']),
  reason: z.string(),
  setAside: z.string().nullable(),
  backup: z.string().nullable(),
  state: z.enum(['replacing', 'catching-up', 'done', 'failed']),
  salvaged: z.number(),
  endedAt: z.number().nullable(),
});

/** A recovery as it is kept; how far it is, is measured. */
export type KeptRecovery = Omit<StoreRecovery, 'doneBytes' | 'totalBytes'>;

const KEPT = 20;

export class RecoveryLog {
  readonly #file: string;
  #entries: readonly KeptRecovery[];

  private constructor(file: string, entries: readonly KeptRecovery[]) {
    this.#file = file;
    this.#entries = entries;
  }

  /** A file that cannot be understood counts as empty: it only tells, and nothing depends on it. */
  static async open(file: string): Promise<RecoveryLog> {
    return new RecoveryLog(file, await load(file));
  }

  get latest(): KeptRecovery | null {
    return this.#entries.at(-1) ?? null;
  }

  /** How many databases were replaced by themselves since then. */
  replacedSince(at: number): number {
    const replaced = this.#entries.filter((entry) => entry.cause === 'damage' && entry.setAside !== null);
    return replaced.filter((entry) => entry.at >= at).length;
  }

  async add(entry: KeptRecovery): Promise<void> {
    this.#entries = [...this.#entries, entry].slice(-KEPT);
    await this.#save();
  }

  /** Changes the latest one. */
  async change(change: Partial<KeptRecovery>): Promise<void> {
    const { latest } = this;
    if (latest === null) return;
    this.#entries = [...this.#entries.slice(0, -1), { ...latest, ...change }];
    await this.#save();
  }

  async #save(): Promise<void> {
    await writeFileAtomic(this.#file, `${JSON.stringify(this.#entries, null, 2)}\n`);
  }
}

async function load(file: string): Promise<readonly KeptRecovery[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return [];
  }
  const entries = z.array(recovery).safeParse(parseOrNull(text));
  return entries.success ? entries.data : [];
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
