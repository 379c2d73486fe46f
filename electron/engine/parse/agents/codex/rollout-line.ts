import type { EpochMs } from '../../../../../shared/time.ts';
import { objectField, stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';

/** A line of a rollout, whatever version wrote it. */
export interface RolloutLine {
  /** `session_meta`, `response_item`, `event_msg` …; for a line without envelope what it would be in one. */
  readonly type: string;
  readonly payload: JsonObject;
  /** The payload's own word: `message`, `item_completed` …; null where there is none. */
  readonly subtype: string | null;
  readonly at: EpochMs | null;
  /** False for the first versions, which wrote items without an envelope. */
  readonly hasEnvelope: boolean;
}

/**
 * Current lines are `{timestamp, ordinal?, type, payload}`. The first versions wrote the items themselves (`{"type":"message",
 * …}`), a first line with the session's data, and marks of the client's state (`{"record_type":"state"}`).
 */
export function readRolloutLine(fields: JsonObject): RolloutLine {
  const at = timeIn(fields);
  const payload = objectField(fields, 'payload');
  const type = wordField(fields, 'type');
  if (payload !== null) {
    return { type: type ?? 'untyped', payload, subtype: wordField(payload, 'type'), at, hasEnvelope: true };
  }
  const bare = { payload: fields, at, hasEnvelope: false };
  const record = wordField(fields, 'record_type');
  if (record !== null) return { ...bare, type: 'record', subtype: record };
  if (type !== null) return { ...bare, type: 'response_item', subtype: type };
  return { ...bare, type: wordField(fields, 'id') === null ? 'untyped' : 'session_meta', subtype: null };
}

function timeIn(fields: JsonObject): EpochMs | null {
  const text = stringField(fields, 'timestamp');
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
