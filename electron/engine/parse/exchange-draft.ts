import type { ExchangeDraft, ExchangeState } from '../../../shared/exchange.ts';
import type { ParsedRecord, TranscriptContext } from '../../../shared/record.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { mergeParts, ownParts, replaceParts } from './exchange-parts.ts';

const UNKNOWN_SESSION = 'unknown';
const INLINE_LANE = 'agent:inline';
const LANE_PREFIX = 'agent:';

/** Starts an exchange with its prompt. */
export function openDraft(
  record: ParsedRecord,
  context: TranscriptContext,
  { absorbedBy, after }: { readonly absorbedBy: string | null; readonly after: string | null },
): ExchangeDraft {
  const isSubagent = record.lane !== 'main';
  return {
    key: record.key,
    agent: context.agent,
    sessionId: record.sessionId ?? context.sessionId ?? UNKNOWN_SESSION,
    project: record.cwd,
    prompt: record.prompt ?? '',
    parts: record.parts,
    state: absorbedBy === null ? 'open' : 'complete',
    startedAt: record.at,
    endedAt: absorbedBy === null ? null : record.at,
    revision: 1,
    isSubagent,
    subagentId: isSubagent ? subagentIdOf(record) : null,
    lane: record.lane,
    absorbedBy,
    after,
  };
}

/** An inline subagent has no id of its own; that of its first record tells it from the others. */
function subagentIdOf(record: ParsedRecord): string {
  return record.lane === INLINE_LANE ? record.key : record.lane.slice(LANE_PREFIX.length);
}

/** Adds a member record. Call it once for each record. */
export function extendDraft(draft: ExchangeDraft, record: ParsedRecord): ExchangeDraft {
  const state = stateAfter(draft.state, record);
  const isActivity = record.signal !== null || record.parts.some((part) => part.kind !== 'notice');
  return {
    ...draft,
    // A prompt without a directory takes that of its first answer.
    project: draft.project ?? record.cwd,
    parts: mergeParts(draft.parts, record),
    state,
    endedAt: isActivity ? latest(draft.endedAt, record.at) : draft.endedAt,
    revision: draft.revision + 1,
    ...(record.version === undefined ? {} : { members: [...(draft.members ?? []), record.key] }),
  };
}

/**
 * Puts a newer state of a record into the place of the one before. Only the last record decides how the exchange stands.
 * @returns the same draft when the record says nothing new
 */
export function updateDraft(draft: ExchangeDraft, record: ParsedRecord): ExchangeDraft {
  if (record.role === 'session') return draft;
  const members = draft.members ?? [];
  const isLast = (members.at(-1) ?? draft.key) === record.key;
  const state = isLast ? stateAfter(draft.state, record) : draft.state;
  const prompt = record.key === draft.key ? (record.prompt ?? draft.prompt) : draft.prompt;
  const isSame = JSON.stringify(ownParts(draft.parts, record.key)) === JSON.stringify(record.parts);
  if (isSame && state === draft.state && prompt === draft.prompt) return draft;
  return {
    ...draft,
    project: draft.project ?? record.cwd,
    prompt,
    parts: isSame ? draft.parts : replaceParts(draft.parts, record, [draft.key, ...members]),
    state,
    endedAt: record.signal === null ? draft.endedAt : latest(draft.endedAt, record.at),
    revision: draft.revision + 1,
  };
}

/**
 * Ends an exchange because the next prompt came. One that is still open then was cut short: no answer came, or a tool was
 * never answered.
 */
export function closeDraft(draft: ExchangeDraft): ExchangeDraft {
  return draft.state === 'open' ? { ...draft, state: 'interrupted' } : draft;
}

function stateAfter(state: ExchangeState, record: ParsedRecord): ExchangeState {
  switch (record.signal) {
    case null:
      return state;
    case 'working':
      return 'open';
    case 'interrupted':
      return 'interrupted';
    case 'failed':
      return 'error';
    case 'completed':
      // Bookkeeping at the end of a turn says that it ended, not how: that was said before.
      return record.parts.length > 0 || state === 'open' ? 'complete' : state;
  }
}

function latest(one: EpochMs | null, other: EpochMs | null): EpochMs | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
