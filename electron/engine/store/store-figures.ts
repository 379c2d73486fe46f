/** Positions and counts, as the status window and the recorder need them. Never writes. */
import type { DeadLetter } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import type { CounterName } from './counter-table.ts';
import type { Database, Statement } from './database.ts';

/** Committed state of one archived file. */
export interface StoredGeneration {
  readonly archivePath: string;
  readonly sourcePath: string | null;
  readonly session: string | null;
  readonly kind: 'lines' | 'blob';
  readonly committed: number;
  readonly lines: number;
  readonly records: number;
}

export interface StoreCounts {
  /** Of the main conversations. */
  readonly exchanges: number;
  readonly subagentExchanges: number;
  /** With at least one exchange. */
  readonly sessions: number;
  readonly records: number;
  readonly deadLetters: number;
  readonly lastSaveAt: EpochMs | null;
  readonly savesLastHour: number;
  readonly errorsLastHour: number;
}

export interface MinuteRow {
  readonly at: EpochMs;
  readonly saved: number;
  readonly errors: number;
}

type StoredCounts = Pick<StoreCounts, 'deadLetters' | 'lastSaveAt' | 'savesLastHour' | 'errorsLastHour'>;

const HOUR_MS = 3_600_000;

export const GENERATION_SELECT =
  'SELECT archive_path AS archivePath, source_path AS sourcePath, session, kind, committed, lines, records FROM generation';

export class StoreFigures {
  readonly #positions: Statement<[], StoredGeneration>;
  readonly #counters: Statement<[], { readonly name: CounterName; readonly value: number }>;
  readonly #counts: Statement<[EpochMs, EpochMs], StoredCounts>;
  readonly #minutes: Statement<[EpochMs], MinuteRow>;
  readonly #deadLetters: Statement<[number], DeadLetter>;

  constructor(database: Database) {
    this.#positions = database.prepare(GENERATION_SELECT);
    this.#counters = database.prepare('SELECT name, value FROM counter');
    this.#counts = database.prepare(
      `SELECT (SELECT count(*) FROM dead_letter WHERE state = 'kept') AS deadLetters,
              (SELECT max(saved_at) FROM exchange) AS lastSaveAt,
              (SELECT coalesce(sum(saved), 0) FROM minute WHERE minute > ?) AS savesLastHour,
              (SELECT coalesce(sum(errors), 0) FROM minute WHERE minute > ?) AS errorsLastHour`,
    );
    this.#minutes = database.prepare('SELECT minute AS at, saved, errors FROM minute WHERE minute > ? ORDER BY minute');
    this.#deadLetters = database.prepare(
      `SELECT d.id, g.archive_path AS archivePath, g.source_path AS sourcePath, d.start, d."end", d.reason, d.at, d.state
       FROM dead_letter d JOIN generation g ON g.id = d.generation WHERE d.state = 'kept' ORDER BY d.id DESC LIMIT ?`,
    );
  }

  positions(): StoredGeneration[] {
    return this.#positions.all();
  }

  counts(now: EpochMs): StoreCounts {
    const counters = new Map(this.#counters.all().map((row) => [row.name, row.value]));
    const counts = this.#counts.get(now - HOUR_MS, now - HOUR_MS);
    return {
      exchanges: counters.get('exchanges') ?? 0,
      subagentExchanges: counters.get('subagent_exchanges') ?? 0,
      sessions: counters.get('sessions') ?? 0,
      records: counters.get('records') ?? 0,
      deadLetters: counts?.deadLetters ?? 0,
      lastSaveAt: counts?.lastSaveAt ?? null,
      savesLastHour: counts?.savesLastHour ?? 0,
      errorsLastHour: counts?.errorsLastHour ?? 0,
    };
  }

  minutes(since: EpochMs): MinuteRow[] {
    return this.#minutes.all(since);
  }

  /** What was set aside and nobody has decided about, newest first. */
  deadLetters(limit: number): DeadLetter[] {
    return this.#deadLetters.all(limit);
  }
}
