/**
 * Keeps the mirror of one opencode database up to date. In: "look at it now". Out: each row that is new or different as one
 * more line of its session's mirror. Asks the file system first and the database only when something was written; reads it
 * in short statements and closes it again.
 */
import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../core/clock.ts';
import { EngineError, systemErrorCode } from '../../core/errors.ts';
import type { ForeignDatabase } from '../../core/foreign-database.ts';
import type { FollowOutcome } from '../transcript-tailer.ts';
import { ConversationRows, FROM_THE_START, type ReadRow, type Since } from './conversation-rows.ts';
import { passLine, type Pass } from './mirror-lines.ts';
import type { RowMirror } from './row-mirror.ts';

export interface DatabaseFollowerOptions {
  readonly file: string;
  readonly mirror: RowMirror;
  readonly clock: Clock;
  readonly open: (file: string) => ForeignDatabase;
}

/** A row that several programs fight for is committed this long after the time it carries, at most. */
const LATE_COMMIT_MS = 10_000;
/** Looking at every row takes at most this share of the time. */
const WHOLE_SCAN_SHARE = 0.02;
const WHOLE_SCAN_GAP_MS = 60_000;
/** A change in the same tick of the file system's clock as the last look would not show: such a look is repeated. */
const CLOCK_TICK_MS = 50;
const MOST_RECENT = 2000;
const APPEND_BYTES = 1024 * 1024;

/** What is known of one run over the database. */
interface Run {
  readonly rows: ConversationRows;
  readonly database: ForeignDatabase;
  readonly since: Since;
  /** Compares with the mirror, row by row, instead of trusting the times. */
  readonly isThorough: boolean;
  readonly recent: Map<string, readonly [string, number]>;
  updated: number;
  isAdvanced: boolean;
}

interface End {
  readonly mark: string;
  readonly startedAt: number;
  readonly rowids: Since['rowids'];
  readonly isWhole: boolean;
}

export class DatabaseFollower {
  readonly #options: DatabaseFollowerOptions;
  #pass: Pass | null = null;
  #isLoaded = false;
  #writtenMark: string | null = null;
  /** Rows far behind the last ones were not looked at since the last change. */
  #owesWholeScan = true;
  #nextWholeScanAt = -Infinity;
  #failure: string | null = null;

  constructor(options: DatabaseFollowerOptions) {
    this.#options = options;
  }

  /** Why it cannot be read right now; null when it can. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Errors: ARCHIVE_UNAVAILABLE. A database that cannot be read is `blocked`, and `failure` says why. */
  async follow(thorough: boolean): Promise<FollowOutcome> {
    const { file, mirror, clock } = this.#options;
    if (!this.#isLoaded) this.#pass = await mirror.lastPass();
    if (!this.#isLoaded) this.#writtenMark = this.#pass?.mark ?? null;
    this.#isLoaded = true;
    try {
      const mark = await markOf(file, clock.now());
      const isWholeDue = this.#owesWholeScan && clock.monotonic() >= this.#nextWholeScanAt;
      const isSame = mark !== null && mark === this.#pass?.mark;
      // What a start finds unchanged was looked at wholly before it was marked.
      if (isSame && this.#nextWholeScanAt === -Infinity) this.#owesWholeScan = false;
      else if (!isSame) this.#owesWholeScan = true;
      if (isSame && !thorough && !(this.#owesWholeScan && isWholeDue)) return this.#done('unchanged');
      return this.#done(await this.#read(mark, thorough, thorough || isWholeDue));
    } catch (error) {
      if (error instanceof EngineError && error.code === 'NOT_FOUND') return this.#done('missing');
      if (!(error instanceof EngineError) || error.code !== 'TRANSCRIPT_UNREADABLE') throw error;
      this.#failure = error.message;
      return 'blocked';
    }
  }

  #done(outcome: FollowOutcome): FollowOutcome {
    this.#failure = null;
    return outcome;
  }

  async #read(mark: string | null, thorough: boolean, isWholeDue: boolean): Promise<FollowOutcome> {
    const { file, clock, open } = this.#options;
    const startedAt = clock.now();
    const began = clock.monotonic();
    const database = open(file);
    try {
      const rows = new ConversationRows(database);
      if (!rows.holdsConversations) return 'unchanged';
      const rowids = rows.lastRowids();
      const isWhole = isWholeDue || rows.isShort;
      const since = this.#sinceOf(thorough, isWhole);
      const run: Run = {
        ...{ rows, database, since, updated: this.#pass?.since.updated ?? -1, isAdvanced: false },
        // What the looks at the latest rows have brought meanwhile comes again.
        isThorough: since === FROM_THE_START || (isWhole && !isDeepStrictEqual(since, this.#pass?.since)),
        recent: new Map(
          Object.entries(this.#pass?.recent ?? {}).map(([name, [hash, at]]) => [name, [hash, at ?? Infinity]]),
        ),
      };
      if (!(await this.#readAll(run, isWhole))) return 'unchanged';
      if (isWhole) this.#wholeScanTook(clock.monotonic() - began);
      await this.#close(run, { mark: mark ?? '', startedAt, rowids, isWhole });
      return run.isAdvanced ? 'advanced' : 'unchanged';
    } finally {
      database.close();
    }
  }

  /** @returns false when somebody began to write where nobody was: then it is read again, with locks */
  async #readAll(run: Run, isWhole: boolean): Promise<boolean> {
    const sessions = new Set<string>();
    for (const found of run.rows.changedSessions(run.since, isWhole)) {
      for (const session of found) sessions.add(session);
      await this.#letOthersWork();
    }
    if (!(await this.#mirror(run, [], run.rows.rowsOfDatabase(run.since)))) return false;
    for (const session of sessions) {
      const lineage = run.rows.lineageOf(session);
      if (!(await this.#mirror(run, lineage, run.rows.rowsOf(session, run.since)))) return false;
    }
    return true;
  }

  async #mirror(run: Run, lineage: readonly string[], batches: Iterable<readonly ReadRow[]>): Promise<boolean> {
    const { mirror } = this.#options;
    const target = mirror.fileOf(lineage);
    if (target === null) return true;
    const held = run.isThorough ? await mirror.hashesIn(target) : null;
    let waiting: ReadRow[] = [];
    let waitingBytes = 0;
    for (const batch of batches) {
      for (const row of batch) {
        if ((held?.get(row.name) ?? run.recent.get(row.name)?.[0]) !== row.hash) {
          waiting.push(row);
          waitingBytes += row.bytes.length;
        }
        run.recent.set(row.name, [row.hash, row.updated]);
        if (Number.isFinite(row.updated)) run.updated = Math.max(run.updated, row.updated);
      }
      if (waitingBytes < APPEND_BYTES) continue;
      if (!run.database.isConsistent()) return false;
      run.isAdvanced = (await mirror.append(target, waiting)) || run.isAdvanced;
      [waiting, waitingBytes] = [[], 0];
    }
    if (!run.database.isConsistent()) return false;
    run.isAdvanced = (await mirror.append(target, waiting)) || run.isAdvanced;
    return true;
  }

  /** Writes down where the next look goes on, if that is anything new. */
  async #close(run: Run, { mark, startedAt, rowids, isWhole }: End): Promise<void> {
    const updated = Math.max(this.#pass?.since.updated ?? -1, Math.min(run.updated, startedAt - LATE_COMMIT_MS));
    const recent = [...run.recent]
      .filter(([, [, at]]) => at > updated)
      .sort(([, [, one]], [, [, other]]) => other - one);
    const kept = recent.slice(0, MOST_RECENT).map(([name, [hash, at]]) => [name, [hash, at === Infinity ? null : at]]);
    const since: Since = { updated, rowids };
    const whole = isWhole ? since : (this.#pass?.whole ?? FROM_THE_START);
    this.#pass = { mark, since, whole, recent: Object.fromEntries(kept) as Pass['recent'] };
    // The next start relies on the mark alone: it must not be told of a state that was not looked at wholly.
    const written = this.#owesWholeScan ? { ...this.#pass, mark: '' } : this.#pass;
    const isTold = !run.isAdvanced && (written.mark === '' || written.mark === this.#writtenMark);
    const file = this.#options.mirror.fileOf([]);
    if (isTold || file === null) return;
    await this.#options.mirror.append(file, [{ bytes: passLine(written) }]);
    this.#writtenMark = written.mark;
  }

  #sinceOf(thorough: boolean, isWhole: boolean): Since {
    if (thorough || this.#pass === null) return FROM_THE_START;
    return isWhole ? this.#pass.whole : this.#pass.since;
  }

  #wholeScanTook(ms: number): void {
    this.#owesWholeScan = false;
    this.#nextWholeScanAt = this.#options.clock.monotonic() + Math.max(WHOLE_SCAN_GAP_MS, ms / WHOLE_SCAN_SHARE);
  }

  #letOthersWork(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** @returns null when the files were written so shortly ago that a further change would not show. Error: NOT_FOUND */
async function markOf(file: string, now: number): Promise<string | null> {
  try {
    const main = await stat(file, { bigint: true });
    const log = await stat(`${file}-wal`, { bigint: true }).catch(absent);
    const newest = Math.max(Number(main.mtimeMs), Number(log?.mtimeMs ?? 0));
    if (Math.abs(now - newest) < CLOCK_TICK_MS) return null;
    return [main.ino, main.size, main.mtimeNs, log?.size ?? 0, log?.mtimeNs ?? 0].map(String).join(' ');
  } catch (error) {
    if (absent(error) === null) throw new EngineError('NOT_FOUND', 'The database is gone.', { cause: error });
    throw error;
  }
}

function absent(error: unknown): null {
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return null;
  throw new EngineError('TRANSCRIPT_UNREADABLE', `It cannot be read (${code ?? 'unknown'}); it is tried again.`, {
    cause: error,
    retryable: true,
  });
}
