/**
 * Keeps the mirror of one old store up to date. In: "look at it now". Out: each file that is new or different as one more
 * line of its session's mirror. A session is looked into when its own file or its folder has changed, or did so lately;
 * it is read when one of its files has.
 */
import type { Clock } from '../../core/clock.ts';
import { EngineError } from '../../core/errors.ts';
import type { TrackedFile } from '../tracked-file.ts';
import type { FollowOutcome } from '../transcript-tailer.ts';
import { FROM_THE_START } from './conversation-rows.ts';
import { passLine } from './mirror-lines.ts';
import type { RowMirror } from './row-mirror.ts';
import { jsonIn, lineageOf, type StoredSessions } from './store-lineage.ts';
import { StoreFiles, type StoredSession } from './store-files.ts';
import { storeRows, type OriginOf } from './store-rows.ts';

export interface StoreFollowerOptions {
  readonly directory: string;
  readonly mirror: RowMirror;
  readonly clock: Clock;
}

/** A session that was written this shortly ago is looked into: files are rewritten without a trace in their folder. */
const LIVE_MS = 10 * 60_000;
/** A file that cannot be read as JSON for this long is damaged, and not being written. */
const SETTLED_MS = 5000;

interface Known {
  readonly glance: number;
  /** Of the state that the mirror holds; null: none. */
  readonly stamp: string | null;
}

export class StoreFollower {
  readonly #options: StoreFollowerOptions;
  readonly #files: StoreFiles;
  readonly #known = new Map<string, Known>();
  #failure: string | null = null;

  constructor(options: StoreFollowerOptions) {
    this.#options = options;
    this.#files = new StoreFiles(options.directory);
  }

  /** Why it cannot be read right now; null when it can. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Errors: ARCHIVE_UNAVAILABLE. A store that cannot be read is `blocked`, and `failure` says why. */
  async follow(thorough: boolean): Promise<FollowOutcome> {
    try {
      const sessions = await this.#files.sessions();
      let isAdvanced = false;
      for (const [id, file] of sessions) {
        if (await this.#followSession(id, file, sessions, thorough)) isAdvanced = true;
      }
      this.#failure = null;
      return isAdvanced ? 'advanced' : 'unchanged';
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#failure = error.code === 'TRANSCRIPT_UNREADABLE' ? error.message : null;
      if (error.code === 'NOT_FOUND') return 'missing';
      if (error.code === 'TRANSCRIPT_UNREADABLE') return 'blocked';
      throw error;
    }
  }

  async #followSession(id: string, file: string | null, sessions: StoredSessions, thorough: boolean): Promise<boolean> {
    const glance = await this.#files.glance(id, file);
    if (glance === null) return false;
    const known = this.#known.get(id);
    const isQuiet = this.#options.clock.now() - glance > LIVE_MS;
    if (!thorough && known?.glance === glance && isQuiet) return false;
    const session = await this.#files.session(id, file);
    const target = this.#options.mirror.fileOf(await lineageOf(id, sessions, this.#files));
    if (target === null) return false;
    const stamp = known === undefined ? ((await this.#options.mirror.lastPassOf(target))?.mark ?? null) : known.stamp;
    if (!thorough && stamp === session.stamp) {
      this.#known.set(id, { glance, stamp });
      return false;
    }
    return await this.#mirror(session, target, glance, sessions);
  }

  async #mirror(
    session: StoredSession,
    target: TrackedFile,
    glance: number,
    sessions: StoredSessions,
  ): Promise<boolean> {
    const { mirror, clock } = this.#options;
    const { lines, isWhole } = await storeRows(session, this.#files, this.#originsFor(session, sessions));
    // Written right now: it is read once more when it is whole, or for what it is when it stays like that.
    if (!isWhole && clock.now() - session.modifiedAt < SETTLED_MS) return false;
    const held = await mirror.hashesIn(target);
    const fresh = lines.filter((line) => held.get(line.name) !== line.hash);
    const end = { bytes: passLine({ mark: session.stamp, since: FROM_THE_START, whole: FROM_THE_START, recent: {} }) };
    const isTold = fresh.length === 0 && this.#known.get(session.id)?.stamp === session.stamp;
    if (!isTold) await mirror.append(target, [...fresh, end]);
    this.#known.set(session.id, { glance, stamp: session.stamp });
    return fresh.length > 0;
  }

  /** Originals are looked for in the sessions of the same project, and only when a copy is found. */
  #originsFor(session: StoredSession, sessions: StoredSessions): OriginOf {
    let origins: Promise<ReadonlyMap<string, string>> | null = null;
    const project = session.file?.name.split('/')[1];
    return async (role, createdAt) => {
      origins ??= this.#findOriginals(session.id, project, sessions);
      return (await origins).get(`${String(role)} ${String(createdAt)}`) ?? null;
    };
  }

  async #findOriginals(
    copy: string,
    project: string | undefined,
    sessions: StoredSessions,
  ): Promise<ReadonlyMap<string, string>> {
    const originals = new Map<string, string>();
    for (const [id, file] of sessions) {
      if (id === copy || file?.split('/')[1] !== project) continue;
      const since = createdAtOf(await jsonIn(file, this.#files));
      for (const { file: message } of (await this.#files.session(id, file)).messages) {
        const data = await jsonIn(message.name, this.#files);
        const made = createdAtOf(data);
        // Else it is a copy itself.
        if (made !== null && since !== null && made >= since)
          originals.set(`${String(data?.['role'])} ${made}`, message.id);
      }
    }
    return originals;
  }
}

function createdAtOf(data: Readonly<Record<string, unknown>> | null): number | null {
  const time = data?.['time'];
  const created = typeof time === 'object' && time !== null && 'created' in time ? time.created : null;
  return typeof created === 'number' ? created : null;
}
