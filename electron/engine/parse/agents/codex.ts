import type { ExchangePart } from '../../../../shared/exchange.ts';
import { withMarks, type Marks } from '../../../../shared/marks.ts';
import type {
  DocumentOutcome,
  FileKind,
  LineOutcome,
  LinePlace,
  LocatedRecord,
  MalformedRange,
  ParsedRecord,
  SubagentLink,
  ToolBody,
  TranscriptContext,
} from '../../../../shared/record.ts';
import type { AgentAdapter } from '../agent-adapter.ts';
import { decodeJsonLine, trimLine } from './claude-code/json-line.ts';
import { numberField, objectField, stringField, wordField, type JsonObject } from './claude-code/json-object.ts';
import { compressedLines, plainBytes } from './codex/compressed-lines.ts';
import { readEvent } from './codex/event-msg.ts';
import { readHistoryLine, readTitleLine } from './codex/history-line.ts';
import { NOTHING, noticeReading, promptReading, textsOf, type Reading } from './codex/item-reading.ts';
import { isKnownType, typeName } from './codex/record-types.ts';
import { readResponseItem } from './codex/response-item.ts';
import { readRolloutLine, type RolloutLine } from './codex/rollout-line.ts';
import { rolloutPlaceOf, timeOfId } from './codex/rollout-path.ts';
import { readToolBodies } from './codex/tool-bodies.ts';
import { hashOf, TurnState } from './codex/turn-state.ts';
import { gluedRecords, salvagedRecord } from './salvage.ts';

const HISTORY_FILE = 'history.jsonl';
const TITLES_FILE = 'session_index.jsonl';
/** Names that people gave their sessions stand above those that a client made up. */
const TITLE_RANK = 3;
/** Starts of lines; where one stands in the middle of a line, a second record may begin. */
const RECORD_STARTS = ['{"timestamp":', '{"type":', '{"record_type":', '{"session_id":', '{"id":'] as const;
/** From this version on every prompt and answer stands in an event. */
const FIRST_WITH_EVENTS = 40;
const UNKNOWN_THREAD = 'unknown';

/** Reads the rollouts of Codex: without envelope (2025), legacy and paginated histories, plain and compressed. */
export class CodexAdapter implements AgentAdapter {
  readonly agent = 'codex';

  contextOf(archivePath: string, relativePath: string): TranscriptContext {
    const { sessionId } = rolloutPlaceOf(relativePath);
    return { agent: this.agent, archivePath, relativePath, sessionId, subagentId: null };
  }

  /** A compressed rollout does not grow: it is read as a whole. */
  fileKind(relativePath: string): FileKind {
    return rolloutPlaceOf(relativePath).isCompressed ? 'document' : 'lines';
  }

  parseDocument(bytes: Buffer, context: TranscriptContext): DocumentOutcome {
    return { outcome: 'records', records: this.#plainRecords(bytes, context) };
  }

  parseLine(line: Buffer, context: TranscriptContext, place: LinePlace): LineOutcome {
    const bytes = trimLine(line);
    const outcome = parseOne(bytes, context, place);
    if (outcome.outcome !== 'malformed') return outcome;
    const records = gluedRecords(bytes, RECORD_STARTS, place, (piece, at) => parseOne(piece, context, at));
    return records === null ? outcome : { outcome: 'records', records };
  }

  salvageLine(line: Buffer, context: TranscriptContext, place: LinePlace): ParsedRecord | null {
    return salvagedRecord(trimLine(line), RECORD_STARTS, place, (piece, at) => parseOne(piece, context, at));
  }

  /** The same records as of the plain file, each at its place in the plain text. */
  *#plainRecords(bytes: Buffer, context: TranscriptContext): Generator<LocatedRecord | MalformedRange> {
    let marks: Marks = {};
    let end = 0;
    let isDamaged = false;
    const onDamage = (): void => {
      isDamaged = true;
    };
    for (const line of compressedLines(bytes, onDamage)) {
      const place = { start: line.start, marks };
      const range = { offset: line.start, length: line.bytes.length };
      end = line.start + line.bytes.length + 1;
      const outcome = this.parseLine(line.bytes, context, place);
      if (outcome.outcome === 'malformed') yield { malformed: outcome.reason, ...range };
      for (const found of recordsOf(outcome, this.salvageLine.bind(this, line.bytes, context, place))) {
        marks = withMarks(marks, found.record.marks);
        yield { ...found, offset: line.start + found.offset, length: found.length === 0 ? range.length : found.length };
      }
    }
    if (isDamaged) yield { malformed: 'damaged', offset: end, length: 1 };
  }

  /** It keeps nothing beside its rollouts. */
  parseSidecar(): SubagentLink | null {
    return null;
  }

  readBodies(line: Buffer): readonly ToolBody[] {
    const json = decodeJsonLine(trimLine(line));
    return json.outcome === 'object' ? readToolBodies(json.object) : [];
  }

  unpack(bytes: Buffer, relativePath: string): Buffer | null {
    return rolloutPlaceOf(relativePath).isCompressed ? plainBytes(bytes) : null;
  }
}

function recordsOf(outcome: LineOutcome, salvage: () => ParsedRecord | null): readonly LocatedRecord[] {
  if (outcome.outcome === 'records') return outcome.records;
  const found = outcome.outcome === 'record' ? outcome.record : outcome.outcome === 'malformed' ? salvage() : null;
  return found === null ? [] : [{ record: found, offset: 0, length: 0 }];
}

function parseOne(bytes: Buffer, context: TranscriptContext, place: LinePlace): LineOutcome {
  const json = decodeJsonLine(bytes);
  if (json.outcome !== 'object') return json;
  const { relativePath } = context;
  if (relativePath === HISTORY_FILE) return record(historyRecord(json.object, bytes));
  if (relativePath === TITLES_FILE) return record(titleRecord(json.object, bytes));
  return record(new LineReading(json.object, bytes, context, place).record());
}

function record(parsed: ParsedRecord): LineOutcome {
  return { outcome: 'record', record: parsed };
}

const SESSION_RECORD = {
  isKnownType: true,
  sessionId: null,
  parentKey: null,
  at: null,
  cwd: null,
  lane: 'main',
  role: 'session',
  prompt: null,
  parts: [],
  signal: null,
  title: null,
  history: null,
} as const satisfies Partial<ParsedRecord>;

function historyRecord(fields: JsonObject, bytes: Buffer): ParsedRecord {
  const history = readHistoryLine(fields);
  return { ...SESSION_RECORD, key: `#${hashOf(bytes)}`, type: 'history', history };
}

function titleRecord(fields: JsonObject, bytes: Buffer): ParsedRecord {
  const title = readTitleLine(fields);
  return {
    ...SESSION_RECORD,
    key: `#${hashOf(bytes)}`,
    type: 'session_index',
    title: title === null ? null : { ...title, rank: TITLE_RANK },
  };
}

/** One line of a rollout while it is read. */
class LineReading {
  readonly #line: RolloutLine;
  readonly #bytes: Buffer;
  readonly #thread: string;
  readonly #start: number;
  readonly #state: TurnState;

  constructor(fields: JsonObject, bytes: Buffer, context: TranscriptContext, place: LinePlace) {
    this.#line = readRolloutLine(fields);
    this.#bytes = bytes;
    this.#thread = context.sessionId ?? UNKNOWN_THREAD;
    this.#start = place.start;
    this.#state = new TurnState(place.marks);
  }

  record(): ParsedRecord {
    this.#follow();
    const { type, subtype, payload, at } = this.#line;
    const item = subtype === 'item_completed' ? wordField(objectField(payload, 'item') ?? {}, 'type') : null;
    const reading = this.#read();
    const turn = this.#turn;
    const key = this.#keyOf(reading, turn);
    const isCopied = this.#isCopied(turn);
    const { parent, cwd } = this.#state;
    const said = sayOf(reading, key, this.#bytes.length);
    if (said.role === 'prompt') this.#state.opens(key);
    const takenBack = this.#takenBack();
    const changes = this.#state.changes;
    return {
      key,
      type: typeName(type, subtype, item),
      isKnownType: isKnownType(type, subtype, item),
      sessionId: parent === null || parent === '' ? this.#thread : parent,
      parentKey: said.role === 'member' ? this.#parentKey(turn) : null,
      at,
      cwd: type === 'session_meta' && this.#state.origin !== null ? null : cwd,
      lane: parent === null || isCopied ? 'main' : `agent:${this.#thread}`,
      ...said,
      title: null,
      history: null,
      ...(takenBack === null ? {} : { takesBack: takenBack }),
      ...(changes === undefined ? {} : { marks: changes }),
    };
  }

  /** First prompt of the turns that a person took back with this line. */
  #takenBack(): string | null {
    const { type, subtype, payload, at } = this.#line;
    if (type !== 'event_msg' || subtype !== 'thread_rolled_back') return null;
    return this.#state.takeBack(numberField(payload, 'num_turns') ?? 1, at ?? this.#start);
  }

  /** What the line says about the lines after it. */
  #follow(): void {
    const { type, subtype, payload, hasEnvelope } = this.#line;
    // A piece of a damaged line has no envelope either.
    if (!hasEnvelope && !this.#state.hasOwnMeta) this.#state.speaks('responses');
    if (type === 'session_meta') this.#followMeta(payload);
    const isStart = subtype === 'task_started' || subtype === 'turn_started';
    if (type !== 'turn_context' && !isStart) return;
    const cwd = wordField(payload, 'cwd');
    if (cwd !== null) this.#state.worksIn(cwd);
    const turn = wordField(payload, 'turn_id');
    if (turn === null) return;
    this.#state.enterTurn(turn);
    if (!this.#isOlderThanThread(turn)) this.#state.copiesFrom(null);
  }

  /** The first one is the rollout's own; others came along with the lines of the thread that was copied. */
  #followMeta(meta: JsonObject): void {
    const id = wordField(meta, 'id') ?? this.#thread;
    if (this.#state.hasOwnMeta) {
      this.#state.copiesFrom(id === this.#thread ? null : id);
      return;
    }
    this.#state.startsOwn(parentOf(meta));
    const cwd = wordField(meta, 'cwd');
    if (cwd !== null) this.#state.worksIn(cwd);
    if (isBeforeEvents(wordField(meta, 'cli_version'))) this.#state.speaks('responses');
  }

  #read(): Reading {
    const { type, subtype, payload } = this.#line;
    switch (type) {
      case 'response_item':
        return subtype === 'agent_message'
          ? this.#readLetter(textsOf(payload, 'content', ['input_text', 'text']).join(''), payload)
          : readResponseItem(payload, subtype, this.#state.dialect);
      case 'event_msg':
        return readEvent(payload, subtype);
      case 'compacted':
        return noticeReading('compacted', stringField(payload, 'message') ?? '');
      case 'inter_agent_communication':
        return this.#readLetter(stringField(payload, 'content') ?? '', payload);
      default:
        return NOTHING;
    }
  }

  /** Agents write to each other. What starts a subagent's turn is its prompt; anything else shows where it came. */
  #readLetter(text: string, payload: JsonObject): Reading {
    const { parent } = this.#state;
    const waits = Object.hasOwn(payload, 'trigger_turn') && payload['trigger_turn'] === false;
    const isOwn = parent !== null && this.#state.origin === null;
    return isOwn && !waits ? promptReading(text, 'letter') : noticeReading('context', text);
  }

  /** Turn of the line: its own word, else that of the turn that runs. */
  get #turn(): string | null {
    const { payload } = this.#line;
    const passed = objectField(payload, 'internal_chat_message_metadata_passthrough');
    const own = wordField(payload, 'turn_id') ?? (passed === null ? null : wordField(passed, 'turn_id'));
    const turn = own ?? this.#state.turn;
    return turn !== null && /^[\w.:-]{1,128}$/u.test(turn) ? turn : null;
  }

  #keyOf(reading: Reading, turn: string | null): string {
    const { type, subtype, payload, at } = this.#line;
    const order = at ?? this.#start;
    const scope = turn ?? `${this.#state.origin ?? this.#thread} ${this.#state.exchange ?? ''}`;
    switch (reading.kind) {
      case 'prompt':
        return reading.form === 'letter'
          ? this.#state.promptKey(null, reading.text, 'letter', order, this.#thread)
          : this.#state.promptKey(turn, reading.text, reading.form, order, this.#thread);
      case 'words':
        return this.#state.answerKey(scope, reading.words, reading.texts.join('\n'), reading.form, order);
      case 'tool':
      case 'tool-result':
        return `#${hashOf(`${scope}\n${subtype ?? ''}\n${JSON.stringify(identityOf(payload))}`)}`;
      default:
        return `#${hashOf(`${scope}\n${type}\n${at === null ? this.#start : ''}\n${hashOf(this.#body())}`)}`;
    }
  }

  /** The line without its time and number, which are others in a copy. */
  #body(): Buffer {
    const at = this.#line.hasEnvelope ? this.#bytes.indexOf('"payload":') : 0;
    return this.#bytes.subarray(Math.max(0, at));
  }

  #parentKey(turn: string | null): string | null {
    return turn === this.#state.turn && this.#state.exchange !== null ? this.#state.exchange : turn;
  }

  /** True for a line of the thread from which this one was made. */
  #isCopied(turn: string | null): boolean {
    return this.#state.origin !== null || (turn !== null && this.#isOlderThanThread(turn));
  }

  #isOlderThanThread(turn: string): boolean {
    const [made, began] = [timeOfId(this.#thread), timeOfId(turn)];
    return made !== null && began !== null && began < made;
  }
}

/** What of a tool's line stays the same in every copy. */
function identityOf(payload: JsonObject): JsonObject {
  const { internal_chat_message_metadata_passthrough: _, ...identity } = payload;
  return identity;
}

/** The thread that started this one as its subagent; an empty text if it does not say which, null if none did. */
function parentOf(meta: JsonObject): string | null {
  const source = objectField(meta, 'source');
  const agent = source === null ? null : (objectField(source, 'subagent') ?? objectField(source, 'sub_agent'));
  const spawned = agent === null ? null : objectField(agent, 'thread_spawn');
  const isSubagent =
    agent !== null ||
    wordField(source ?? {}, 'subagent') !== null ||
    wordField(meta, 'thread_source') === 'subagent' ||
    wordField(meta, 'parent_thread_id') !== null;
  if (!isSubagent) return null;
  const root = wordField(meta, 'session_id');
  return (
    (root === wordField(meta, 'id') ? null : root) ??
    wordField(spawned ?? {}, 'parent_thread_id') ??
    wordField(meta, 'parent_thread_id') ??
    wordField(meta, 'forked_from_id') ??
    ''
  );
}

function isBeforeEvents(version: string | null): boolean {
  const match = /^0\.(\d+)\./u.exec(version ?? '');
  return match !== null && Number(match[1]) < FIRST_WITH_EVENTS;
}

type Said = Pick<ParsedRecord, 'role' | 'prompt' | 'parts' | 'signal'>;

function sayOf(reading: Reading, key: string, sizeBytes: number): Said {
  const member = { role: 'member', prompt: null } as const;
  switch (reading.kind) {
    case 'prompt':
      return { role: 'prompt', prompt: reading.text, parts: [], signal: null };
    case 'words': {
      const { words: kind, messageId, isInterim } = reading;
      const parts = reading.texts.map((text): ExchangePart => ({ kind, text, messageId, record: key }));
      // Before there were ends of turns, a text was the end until something followed it.
      return { ...member, parts, signal: kind === 'text' && !isInterim ? 'completed' : 'working' };
    }
    case 'tool': {
      const { name, summary, useId } = reading;
      return {
        ...member,
        parts: [{ kind: 'tool', name, summary, useId, messageId: useId, record: key }],
        signal: 'working',
      };
    }
    case 'tool-result': {
      const { useId, isError } = reading;
      return { ...member, parts: [{ kind: 'tool-result', useId, isError, sizeBytes, record: key }], signal: 'working' };
    }
    case 'notice': {
      const { notice, text, signal } = reading;
      return { ...member, parts: text === '' ? [] : [{ kind: 'notice', notice, text, record: key }], signal };
    }
    case 'end':
      return { ...member, parts: [], signal: 'completed' };
    case 'nothing':
      return { role: 'session', prompt: null, parts: [], signal: null };
  }
}
