/** Reads the rows of the store with plain SQL, over a connection of its own. */
import path from 'node:path';
import { z } from 'zod';
import { openDatabase, type Database } from '../../../electron/engine/store/database.ts';
import { tokenOf } from './exchange-lines.ts';
import type { Store, StoredExchange } from './judgement.ts';

const exchangeRows = z.array(
  z.object({ key: z.string(), prompt: z.string(), answer: z.string(), parts: z.string(), is_subagent: z.number() }),
);
const generationRows = z.array(z.object({ id: z.number(), archive_path: z.string(), committed: z.number() }));
const letterRows = z.array(z.object({ generation: z.number(), start: z.number(), end: z.number() }));
const recordRows = z.array(
  z.object({ key: z.instanceof(Uint8Array), archive_path: z.string(), start: z.number(), length: z.number() }),
);
const text = z.union([z.tuple([z.number(), z.number()]), z.string()]);
const parts = z.object({ parts: z.array(z.tuple([z.string(), z.unknown()], z.unknown())) });

export class StoreRows implements Disposable {
  readonly #database: Database;

  /** @param options.writable to check the full text, which SQLite does with an INSERT that changes nothing */
  constructor(home: string, options: { readonly writable: boolean }) {
    const nativeBinding = process.env['HOLDFAST_SQLITE_BINDING'] ?? null;
    this.#database = openDatabase(path.join(home, 'holdfast.db'), { nativeBinding, readonly: !options.writable });
  }

  /** One moment of the store. */
  read(): Store {
    return this.#database.transaction((): Store => {
      const letters = letterRows.parse(
        this.#all(`SELECT generation, start, "end" FROM dead_letter WHERE state = 'kept'`),
      );
      const generations = generationRows.parse(this.#all('SELECT id, archive_path, committed FROM generation'));
      const records = recordRows.parse(
        this.#all(`SELECT key, archive_path, start, length FROM record JOIN generation ON generation.id = generation`),
      );
      return {
        exchanges: this.#exchanges(),
        generations: generations.map(({ id, archive_path: archivePath, committed }) => ({
          archivePath,
          committed,
          letters: letters.filter((letter) => letter.generation === id),
        })),
        records: records.map(({ key, archive_path: archivePath, start, length }) => {
          return { id: uuidOf(Buffer.from(key)), archivePath, start, end: start + length };
        }),
      };
    })();
  }

  /** What SQLite itself says about its structures and about the full text. */
  damage(): readonly string[] {
    const result = this.#database.pragma('integrity_check', { simple: true });
    const structure = result === 'ok' ? [] : [`the database is damaged: ${JSON.stringify(result)}`];
    try {
      this.#database.exec(`INSERT INTO exchange_fts (exchange_fts, rank) VALUES ('integrity-check', 1)`);
      return structure;
    } catch (error) {
      return [...structure, `the full text does not match the exchanges: ${String(error)}`];
    }
  }

  #exchanges(): readonly StoredExchange[] {
    const found = this.#database.prepare('SELECT count(*) FROM exchange_fts WHERE exchange_fts MATCH ?').pluck();
    const rows = exchangeRows.parse(this.#all('SELECT key, prompt, answer, parts, is_subagent FROM exchange'));
    return rows.map((row) => ({
      key: row.key,
      prompt: row.prompt,
      isSubagent: row.is_subagent === 1,
      found: z.number().parse(found.get(`"${tokenOf(row.key)}"`)),
      ...partsOf(row.parts, row.answer),
    }));
  }

  #all(sql: string): unknown[] {
    return this.#database.prepare(sql).all();
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Texts stand in a column, and the parts say where in it. */
function partsOf(json: string, answer: string): Pick<StoredExchange, 'answers' | 'tools'> {
  const all = parts.parse(JSON.parse(json)).parts;
  return {
    answers: all
      .filter(([kind]) => kind === 't')
      .map(([, place]) => {
        const at = text.parse(place);
        return typeof at === 'string' ? at : answer.slice(at[0], at[0] + at[1]);
      }),
    tools: all.filter(([kind]) => kind === 'u').map(([, name]) => String(name)),
  };
}

/** A UUID is kept as its sixteen bytes. */
function uuidOf(key: Buffer): string {
  const h = key.toString('hex');
  if (h.length !== 32) return h;
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}
