/**
 * Decides which exchange a record belongs to and how exchanges grow. In: the records of a transcript in file order, with
 * the exchanges that are open in it. Out: drafts to save. Keeps nothing itself; what was saved it asks of the index.
 */
import type { ExchangeDraft } from '../../../shared/exchange.ts';
import type { ParsedRecord, TranscriptContext } from '../../../shared/record.ts';
import { closeDraft, extendDraft, openDraft, updateDraft } from './exchange-draft.ts';

/** What the store knows of earlier records. It must see what was placed before in the same transaction. */
export interface ExchangeIndex {
  /** Exchange of a record of any kind, context and bookkeeping included; null if the record is unknown or has none. */
  exchangeOf(recordKey: string): string | null;
  load(exchangeKey: string): ExchangeDraft | null;
}

/** The exchange that is open in each lane of one file. Plain JSON, saved with the file's committed position. */
export type Lanes = Readonly<Record<string, string>>;

export interface Placement {
  /** To be saved with the record; null for a record of the session, or one before any prompt. */
  readonly exchangeKey: string | null;
  /** Whether the record's exchange is a new one. */
  readonly opens: boolean;
  readonly lanes: Lanes;
  /** Every exchange that is new or different now; to be saved. */
  readonly changed: readonly ExchangeDraft[];
}

/** A prompt that was taken in may be followed by others; no turn takes in more than this. */
const LONGEST_ABSORPTION = 1000;
/** A conversation that goes back further than this many exchanges is not followed. */
const LONGEST_RETREAT = 1000;

export class ExchangeAssembler {
  readonly #index: ExchangeIndex;

  constructor(index: ExchangeIndex) {
    this.#index = index;
  }

  /** Places a record that is new. Call it once for each record key; for a known one see {@link touch}. */
  place(record: ParsedRecord, context: TranscriptContext, lanes: Lanes): Placement {
    if (record.takesBack !== undefined) {
      const changed = abandon(this.#behind(this.#headBefore(record.takesBack), lanes[record.lane]));
      return { exchangeKey: null, opens: false, lanes: this.touch(record, null, lanes), changed };
    }
    if (record.role === 'session') return { exchangeKey: null, opens: false, lanes, changed: [] };
    const home = this.#home(record, lanes);
    if (record.role === 'prompt') return this.#open(record, context, lanes, home);
    if (home === null) return { exchangeKey: null, opens: false, lanes, changed: [] };
    return {
      exchangeKey: home.key,
      opens: false,
      lanes: followMember(lanes, record.lane, home.key),
      changed: [extendDraft(home, record)],
    };
  }

  /**
   * Follows a record that is known already: the shared past of a fork or a resumed copy, lines written twice, a replay.
   * Nothing grows; the lanes stand where they would if the record were new.
   * @param exchangeKey what {@link place} said when the record was new
   */
  touch(record: ParsedRecord, exchangeKey: string | null, lanes: Lanes): Lanes {
    if (record.takesBack !== undefined) return withLane(lanes, record.lane, this.#headBefore(record.takesBack));
    if (record.role === 'session' || exchangeKey === null) return lanes;
    const running = this.#running(exchangeKey)?.key ?? exchangeKey;
    return record.role === 'prompt' ? withLane(lanes, record.lane, running) : followMember(lanes, record.lane, running);
  }

  /** Takes in a newer state of a record that is saved. @returns its exchange if it is different now */
  update(record: ParsedRecord, exchangeKey: string): ExchangeDraft | null {
    const draft = this.#index.load(exchangeKey);
    if (draft === null) return null;
    const updated = updateDraft(draft, record);
    return updated === draft ? null : updated;
  }

  /**
   * A known prompt comes in another file: the branch that this file had open is left behind, if the prompt went back.
   * @returns the exchanges that were left
   */
  leave(record: ParsedRecord, exchangeKey: string, lanes: Lanes): readonly ExchangeDraft[] {
    if (record.role !== 'prompt') return [];
    const base = this.#index.load(exchangeKey)?.after ?? null;
    if (base === null || lanes[record.lane] === base) return [];
    const left = this.#behind(base, lanes[record.lane]);
    // Of the open one's own past: it is a repetition.
    return left.some((draft) => draft.key === exchangeKey) ? [] : abandon(left);
  }

  #open(record: ParsedRecord, context: TranscriptContext, lanes: Lanes, home: ExchangeDraft | null): Placement {
    // A prompt that was typed while the agent worked is complete the moment it is written: the running turn took it in,
    // and the answers that follow are that turn's. After the end of the turn it is a prompt like any other.
    if (record.signal === 'completed' && home?.state === 'open') {
      const queued = openDraft(record, context, { absorbedBy: home.key, after: home.after ?? null });
      return { exchangeKey: queued.key, opens: true, lanes: withLane(lanes, record.lane, home.key), changed: [queued] };
    }
    const opened = openDraft(record, context, { absorbedBy: null, after: home?.key ?? null });
    const abandoned = home === null ? [] : abandon(this.#behind(home.key, lanes[record.lane]));
    return {
      exchangeKey: opened.key,
      opens: true,
      lanes: withLane(lanes, record.lane, opened.key),
      changed: [...(abandoned.length > 0 ? abandoned : this.#closed(opened, lanes)), opened],
    };
  }

  /**
   * What the conversation left behind when it went back to an exchange: everything on the way from the open one to that.
   * @param base null: to before the first one @param until of the open one; undefined: none is
   */
  #behind(base: string | null, until: string | undefined): readonly ExchangeDraft[] {
    const left: ExchangeDraft[] = [];
    let draft = until === undefined ? null : this.#running(until);
    for (let hops = 0; hops < LONGEST_RETREAT; hops += 1) {
      // Not reached: it stands on another branch, and nothing was left.
      if (draft === null) return base === null ? left : [];
      if (draft.key === base) return left;
      left.push(draft);
      draft = typeof draft.after === 'string' ? this.#index.load(draft.after) : null;
    }
    return [];
  }

  /** The exchange that is open again when a record is taken back; null: none. */
  #headBefore(takenBack: string): string | null {
    const exchangeKey = this.#index.exchangeOf(takenBack);
    return exchangeKey === takenBack ? (this.#index.load(exchangeKey)?.after ?? null) : exchangeKey;
  }

  /** The exchange before, if the new prompt ends it. Subagents run side by side: one does not end another. */
  #closed(opened: ExchangeDraft, lanes: Lanes): readonly ExchangeDraft[] {
    const before = lanes[opened.lane];
    const draft = before === undefined || before === opened.key ? null : this.#index.load(before);
    if (draft === null || draft.subagentId !== opened.subagentId) return [];
    const closed = closeDraft(draft);
    return closed === draft ? [] : [closed];
  }

  /** By the chain of parents; by the order of the file where a parent is unknown or stands in another lane. */
  #home(record: ParsedRecord, lanes: Lanes): ExchangeDraft | null {
    const parent = record.parentKey === null ? null : this.#index.exchangeOf(record.parentKey);
    const chained = parent === null ? null : this.#running(parent);
    if (chained !== null && chained.lane === record.lane) return chained;
    const open = lanes[record.lane];
    return open === undefined ? null : this.#running(open);
  }

  /** The exchange to which records after the given one belong: its own, or that of the turn that took it in. */
  #running(exchangeKey: string): ExchangeDraft | null {
    let draft = this.#index.load(exchangeKey);
    for (let hops = 0; draft !== null && draft.absorbedBy !== null && hops < LONGEST_ABSORPTION; hops += 1) {
      draft = this.#index.load(draft.absorbedBy);
    }
    return draft;
  }
}

/** Only those that are not abandoned yet. */
function abandon(drafts: readonly ExchangeDraft[]): readonly ExchangeDraft[] {
  return drafts
    .filter((draft) => draft.isAbandoned !== true)
    .map((draft) => ({ ...closeDraft(draft), isAbandoned: true }));
}

/**
 * A prompt moves its lane; a member only fills an empty one, so that bookkeeping of an earlier turn, written late, does not
 * take the lane back.
 */
function followMember(lanes: Lanes, lane: string, exchangeKey: string): Lanes {
  return lanes[lane] === undefined ? withLane(lanes, lane, exchangeKey) : lanes;
}

/** @param exchangeKey null: none is open */
function withLane(lanes: Lanes, lane: string, exchangeKey: string | null): Lanes {
  if (exchangeKey === null) return Object.fromEntries(Object.entries(lanes).filter(([name]) => name !== lane));
  return lanes[lane] === exchangeKey ? lanes : { ...lanes, [lane]: exchangeKey };
}
