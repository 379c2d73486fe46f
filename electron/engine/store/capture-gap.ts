/**
 * Compares the prompt history that an agent keeps with what is saved. In: `history_prompt` and `exchange`. Out: how many
 * prompts of the history stand in no saved exchange. A prompt that is reported must really be missing, so whatever may
 * have become something else than a prompt is passed over. Never writes.
 */
import type { EpochMs } from '../../../shared/time.ts';
import type { Database, Statement } from './database.ts';

interface HistoryRow {
  readonly id: string;
  readonly agent: string;
  readonly session: string;
  readonly text: string;
  readonly at: EpochMs | null;
}

interface PromptRow {
  readonly prompt: string;
}

/** A prompt that is typed while the agent works stands in the history at once, in the transcript when it is taken in. */
const GRACE_MS = 10 * 60_000;
/** How far apart the times of one prompt may lie in history and transcript. */
const NEARBY_MS = 10 * 60_000;
/** The history has marks where the transcript has the pasted text. */
const PASTE_MARK = /\[(?:Pasted text|Image|\.\.\.Truncated text) #\d+[^\]\n]{0,60}\]/gu;
/** Commands that the client may carry out by itself, and notes to its memory: which ones changes with every version. */
const MAYBE_NO_PROMPT = /^(?:\/[\w:-]+(?:\s|$)|#)/u;

export class CaptureGap {
  /** Nothing is ever deleted: what was found once need not be looked for again. */
  readonly #found = new Set<string>();
  readonly #history: Statement<[EpochMs], HistoryRow>;
  readonly #promptsOf: Statement<[string, string], PromptRow>;
  readonly #promptsBetween: Statement<[EpochMs, EpochMs], PromptRow>;

  constructor(database: Database) {
    this.#history = database.prepare(
      `SELECT hex(key) AS id, agent, session, text, at FROM history_prompt
       WHERE session IS NOT NULL AND (at IS NULL OR at < ?) ORDER BY session`,
    );
    this.#promptsOf = database.prepare(
      `SELECT e.prompt FROM session s JOIN exchange_session es ON es.session = s.id JOIN exchange e ON e.id = es.exchange
       WHERE s.agent = ? AND s.native_id = ?`,
    );
    this.#promptsBetween = database.prepare('SELECT prompt FROM exchange WHERE started_at BETWEEN ? AND ?');
  }

  /** Prompts of the agents' own histories that no saved exchange holds. */
  count(now: EpochMs): number {
    let missing = 0;
    let session = '';
    let saved: ReadonlySet<string> = new Set();
    for (const row of this.#history.all(now - GRACE_MS)) {
      if (this.#found.has(row.id)) continue;
      if (row.session !== session) {
        session = row.session;
        saved = new Set(this.#promptsOf.all(row.agent, session).map(({ prompt }) => comparable(prompt)));
      }
      if (this.#isSaved(row, saved)) this.#found.add(row.id);
      else missing += 1;
    }
    return missing;
  }

  #isSaved({ text, at }: HistoryRow, saved: ReadonlySet<string>): boolean {
    const wanted = comparable(text);
    if (saved.has(wanted) || MAYBE_NO_PROMPT.test(wanted)) return true;
    const holds = matcher(wanted);
    if (holds !== null && [...saved].some(holds)) return true;
    if (at === null) return false;
    // After /clear, /resume and the like the history may name another session than the transcript.
    return this.#promptsBetween
      .all(at - NEARBY_MS, at + NEARBY_MS)
      .some(({ prompt }) => comparable(prompt) === wanted || (holds?.(comparable(prompt)) ?? false));
  }
}

/** Blanks and line ends differ between history and transcript. */
function comparable(text: string): string {
  return text.replace(/\s+/gu, ' ').trim().replace(/^! /u, '!');
}

/** @returns a test whether a prompt has what stands around the marks, in that order; null without a mark */
function matcher(wanted: string): ((prompt: string) => boolean) | null {
  const pieces = wanted.split(PASTE_MARK).map((piece) => piece.trim());
  if (pieces.length === 1) return null;
  return (prompt) => {
    let at = 0;
    for (const [index, piece] of pieces.entries()) {
      const found = index === 0 ? Number(prompt.startsWith(piece)) - 1 : prompt.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    const last = pieces.at(-1) ?? '';
    return prompt.endsWith(last);
  };
}
