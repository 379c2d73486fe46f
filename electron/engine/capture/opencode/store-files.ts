/**
 * The store that opencode kept before it had a database: `storage/session/<project>/<session>.json`,
 * `storage/message/<session>/<message>.json`, `storage/part/<message>/<part>.json`. Ids come from the names: a move to
 * another project left the content as it was.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { EngineError, systemErrorCode } from '../../core/errors.ts';

/** One small file of the store. */
export interface StoreFile {
  readonly id: string;
  /** Path below the store, with forward slashes. */
  readonly name: string;
  readonly modifiedAt: number;
  readonly stamp: string;
}

export interface StoredMessage {
  readonly file: StoreFile;
  readonly parts: readonly StoreFile[];
}

export interface StoredSession {
  readonly id: string;
  /** Null: it was deleted or lost, and its messages were not. */
  readonly file: StoreFile | null;
  readonly messages: readonly StoredMessage[];
  /** The same again means that no file of it was written. */
  readonly stamp: string;
  /** Of the file that was written last. */
  readonly modifiedAt: number;
}

const SUFFIX = '.json';

export class StoreFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Path of each session's own file by its id; null for one of which only messages are left. Error: NOT_FOUND. */
  async sessions(): Promise<ReadonlyMap<string, string | null>> {
    if ((await this.#list('')) === null) throw new EngineError('NOT_FOUND', 'The store is gone.');
    const found = new Map<string, string | null>();
    for (const session of (await this.#list('message')) ?? []) found.set(session, null);
    for (const project of (await this.#list('session')) ?? []) {
      for (const name of (await this.#list(`session/${project}`)) ?? []) {
        if (name.endsWith(SUFFIX)) found.set(idOf(name), `session/${project}/${name}`);
      }
    }
    return found;
  }

  /** What changes when a session goes on, without a look at each of its files; null: nothing of it is there. */
  async glance(id: string, file: string | null): Promise<number | null> {
    const names = [...(file === null ? [] : [file]), `message/${id}`];
    const known = (await Promise.all(names.map((name) => this.#timeOf(name)))).filter((time) => time !== null);
    return known.length === 0 ? null : Math.max(...known);
  }

  /** All files of a session, without their content. */
  async session(id: string, file: string | null): Promise<StoredSession> {
    const own = file === null ? null : await this.#file(file);
    const messages: StoredMessage[] = [];
    for (const message of await this.#files(`message/${id}`)) {
      messages.push({ file: message, parts: await this.#files(`part/${message.id}`) });
    }
    const all = [...(own === null ? [] : [own]), ...messages.flatMap((message) => [message.file, ...message.parts])];
    const hash = createHash('sha256').update(all.map(({ stamp }) => stamp).join('\n'));
    const modifiedAt = Math.max(0, ...all.map((each) => each.modifiedAt));
    return { id, file: own, messages, stamp: hash.digest('hex').slice(0, 32), modifiedAt };
  }

  /** Null: it is gone. */
  async read(name: string): Promise<Buffer | null> {
    return await absentAsNull(readFile(path.join(this.#directory, name)));
  }

  async #files(folder: string): Promise<readonly StoreFile[]> {
    const names = ((await this.#list(folder)) ?? []).filter((name) => name.endsWith(SUFFIX)).sort();
    const files = await Promise.all(names.map((name) => this.#file(`${folder}/${name}`)));
    return files.filter((file) => file !== null);
  }

  async #file(name: string): Promise<StoreFile | null> {
    const found = await absentAsNull(stat(path.join(this.#directory, name), { bigint: true }));
    if (found === null) return null;
    const stamp = `${name} ${found.size} ${found.mtimeNs}`;
    return { id: idOf(path.posix.basename(name)), name, modifiedAt: Number(found.mtimeMs), stamp };
  }

  async #timeOf(name: string): Promise<number | null> {
    const found = await absentAsNull(stat(path.join(this.#directory, name)));
    return found?.mtimeMs ?? null;
  }

  #list(folder: string): Promise<readonly string[] | null> {
    return absentAsNull(readdir(path.join(this.#directory, folder)));
  }
}

function idOf(name: string): string {
  return name.slice(0, -SUFFIX.length);
}

/** Error: TRANSCRIPT_UNREADABLE for what is there and cannot be read. */
async function absentAsNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === null) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new EngineError(
      'TRANSCRIPT_UNREADABLE',
      `It cannot be read (${code}); what was saved of it stays, and it is tried again.`,
      {
        cause: error,
        retryable: true,
      },
    );
  }
}
