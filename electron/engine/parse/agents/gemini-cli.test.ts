import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SESSION_MARK, type Marks } from '../../../../shared/marks.ts';
import type { ParsedRecord } from '../../../../shared/record.ts';
import { GeminiCliAdapter } from './gemini-cli.ts';
import {
  CHAT,
  CHAT_ID,
  DIRECTORY,
  OLD_CHAT,
  answer,
  call,
  context,
  header,
  list,
  messageId,
  notice,
  oldChat,
  prompt,
  rewind,
  timeAt,
  touched,
} from './gemini-cli/chat-lines.fixture.ts';
import { elementRanges, valueRanges } from './json-ranges.ts';

const adapter = new GeminiCliAdapter();
const place = placeOf(CHAT);
const KNOWN: Marks = { [SESSION_MARK]: CHAT_ID, '~directory': DIRECTORY };

function placeOf(relativePath: string) {
  return adapter.contextOf(`gemini-cli/gemini-1/${relativePath}`, relativePath);
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

function parseAll(value: unknown, marks: Marks = KNOWN, where = place): readonly ParsedRecord[] {
  const outcome = adapter.parseLine(bytesOf(value), where, { start: 0, marks });
  if (outcome.outcome === 'record') return [outcome.record];
  if (outcome.outcome === 'records') return outcome.records.map(({ record }) => record);
  throw new Error(`no record but ${outcome.outcome}`);
}

function parse(value: unknown, marks: Marks = KNOWN, where = place): ParsedRecord {
  const [record, second] = parseAll(value, marks, where);
  if (record === undefined || second !== undefined) throw new Error('not one record');
  return record;
}

function parseDocument(content: string, where = placeOf(OLD_CHAT)): readonly ParsedRecord[] {
  const outcome = adapter.parseDocument(Buffer.from(content), where);
  if (outcome.outcome === 'malformed') throw new Error(outcome.reason);
  return [...outcome.records].flatMap((item) => ('record' in item ? [item.record] : []));
}

const kinds = (record: ParsedRecord) => record.parts.map((part) => (part.kind === 'notice' ? part.notice : part.kind));
const texts = (record: ParsedRecord) => record.parts.flatMap((part) => ('text' in part ? [part.text] : []));

describe('the place of a file', () => {
  it.each([
    [CHAT, '2ab72121', null],
    [OLD_CHAT, '2ab72121', null],
    [`${CHAT}.unreadable-1763793790147`, '2ab72121', null],
    [`tmp/lisbon/chats/${CHAT_ID}/sub-1.jsonl`, CHAT_ID, 'sub-1'],
    ['tmp/lisbon/chats/odd.jsonl', 'odd', null],
    ['tmp/lisbon/tool-outputs/session-1/a.txt', null, null],
    ['tmp/lisbon/logs.json', null, null],
  ])('%s: session %s, subagent %s', (relativePath, sessionId, subagentId) => {
    expect(placeOf(relativePath)).toMatchObject({ agent: 'gemini-cli', sessionId, subagentId });
  });

  it('says whether it is written line by line or as a whole', () => {
    expect([CHAT, OLD_CHAT].map((name) => adapter.fileKind(name))).toEqual(['lines', 'document']);
  });
});

describe('a line of a chat', () => {
  it('at the head names the session of the lines after it', () => {
    const head = parse(header(), {});

    expect(head).toMatchObject({ type: 'header', role: 'session', sessionId: CHAT_ID });
    expect(head.marks).toMatchObject({ [SESSION_MARK]: CHAT_ID });
    expect(parse(prompt(1, 'hi'), head.marks as Marks).sessionId).toBe(CHAT_ID);
  });

  it('without a head belongs to the session that the name of the file begins', () => {
    expect(parse(prompt(1, 'hi'), {}).sessionId).toBe('2ab72121');
  });

  it('that sets up the session names its folder and is no prompt', () => {
    const [, setUp] = parseAll(list(0, [context()]), {});

    expect(setUp).toMatchObject({ role: 'session', cwd: DIRECTORY, marks: { '~directory': DIRECTORY } });
    expect(parse(prompt(1, 'hi')).cwd).toBe(DIRECTORY);
  });

  it.each([
    ['parts', { content: [{ text: 'Name ' }, { text: 'a river.' }] }, 'Name a river.'],
    ['a text', { content: 'Name a river.' }, 'Name a river.'],
    ['blanks around it', { content: [{ text: '\n Name a river. \n' }] }, '\n Name a river. \n'],
    ['what was typed beside what was sent', { displayContent: [{ text: '/river' }] }, '/river'],
    [
      'files behind it',
      {
        content: [
          { text: 'Read @a.txt' },
          { text: '\n--- Content from referenced files ---' },
          { text: '\nContent from @a.txt:\n' },
          { text: 'secret' },
          { text: '\n--- End of content ---' },
        ],
      },
      'Read @a.txt',
    ],
    [
      'words of a hook',
      { content: [{ text: 'Name a river.' }, { text: '<hook_context>be brief</hook_context>' }] },
      'Name a river.',
    ],
    [
      'the editor in front of it',
      {
        content: [
          { text: "Here is the user's editor context as a JSON object. This is for …\n```json\n{}\n```" },
          { text: 'Why?' },
        ],
      },
      'Why?',
    ],
    ['a picture only', { content: [{ inlineData: { data: 'x', mimeType: 'image/png' } }] }, ''],
    ['line separators', { content: [{ text: 'a\u2028b\u2029c' }] }, 'a\u2028b\u2029c'],
  ])('with a prompt and %s', (_name, more, expected) => {
    expect(parse(prompt(1, 'sent', more))).toMatchObject({ role: 'prompt', prompt: expected, type: 'user' });
  });

  it.each([
    ['results of tools', [{ functionResponse: { id: 'c', name: 'n', response: { output: 'x' } } }], []],
    ['nothing', [], []],
    [
      'the editor',
      [{ text: "Here is a summary of changes in the user's editor context, in JSON format." }],
      ['context'],
    ],
    ['a hook', [{ text: '<hook_context>be brief</hook_context>' }], ['context']],
    ['a nudge', [{ text: 'System: Please continue.' }], ['context']],
    ['a summary', [{ text: '<state_snapshot>all so far</state_snapshot>' }], ['compacted']],
  ])('of the type user that holds %s is no prompt', (_name, content, notices) => {
    const record = parse(prompt(1, '', { content }));

    expect(record.role).not.toBe('prompt');
    expect(kinds(record)).toEqual(notices);
  });

  it('with an answer gives what was thought, said and done, in this order', () => {
    const thoughts = [{ subject: 'Rivers', description: 'Long ones.', timestamp: timeAt(0) }, { description: 'Hm.' }];
    const toolCalls = [call('c1', 'success', { result: [{ text: 'ok' }] }), call('c2', 'executing')];
    const record = parse(answer(2, 'The Danube.', { thoughts, toolCalls }));

    expect(kinds(record)).toEqual(['thinking', 'thinking', 'text', 'tool', 'tool-result', 'tool']);
    expect(texts(record)).toEqual(['**Rivers**\n\nLong ones.', 'Hm.', 'The Danube.']);
    expect(record.parts[3]).toMatchObject({ name: 'run_shell_command', summary: 'echo c1', useId: 'c1' });
    expect(record.parts[4]).toMatchObject({ useId: 'c1', isError: false, sizeBytes: 15 });
    expect(record.signal).toBe('working');
  });

  it.each([
    ['a text', answer(2, 'Yes.'), 'completed'],
    ['nothing yet', answer(2, ''), 'working'],
    ['a call', answer(2, 'Wait.', { toolCalls: [call('c', 'validating')] }), 'working'],
    [
      'a call among its parts',
      answer(2, [{ text: 'Wait.' }, { functionCall: { id: 'c', name: 'ls', args: {} } }]),
      'working',
    ],
  ])('with an answer that is %s', (_name, message, signal) => {
    expect(parse(message).signal).toBe(signal);
  });

  it('with an answer in parts shows thoughts as thoughts and each call once', () => {
    const content = [
      { text: 'Hm.', thought: true },
      { text: 'Wait ' },
      { text: 'here.' },
      { functionCall: { id: 'c1', name: 'ls' } },
    ];
    const record = parse(answer(2, content, { toolCalls: [call('c1', 'error')] }));

    expect(kinds(record)).toEqual(['thinking', 'text', 'tool', 'tool-result']);
    expect(texts(record)).toEqual(['Hm.', 'Wait here.']);
    expect(record.parts.at(-1)).toMatchObject({ isError: true });
  });

  it.each([
    ['info', 'Request cancelled.', 'interrupted', 'interrupted'],
    ['info', 'Chat history compressed from 9000 to 900 tokens.', 'compacted', null],
    ['error', '[API Error: quota exceeded]', 'service-error', 'failed'],
    ['error', 'Unknown command: /foo', 'command-output', null],
    ['warning', 'Slow.', 'command-output', null],
  ] as const)('%s "%s" is shown as %s', (type, content, shown, signal) => {
    const record = parse(notice(3, type, content));

    expect(kinds(record)).toEqual([shown]);
    expect(record).toMatchObject({ role: 'member', signal });
  });

  it('that takes messages back names the first of them', () => {
    expect(parse(rewind(3))).toMatchObject({ type: 'rewind', role: 'session', takesBack: messageId(3) });
  });

  it.each([
    ['a message of a new type', { id: messageId(9), type: 'hologram', content: 'x' }, 'hologram'],
    ['a message without a type', { id: messageId(9), content: 'x' }, 'untyped'],
    ['a patch of something new', { $set: { mood: 'good' } }, 'set/mood'],
    ['something else', { type: 'event', data: 1 }, 'event'],
    ['nothing', {}, 'untyped'],
  ])('that holds %s is kept as drift', (_name, line, type) => {
    expect(parse(line)).toMatchObject({ type, isKnownType: false, prompt: null, parts: [] });
  });

  it('with a summary is a title', () => {
    expect(parse({ $set: { summary: 'Rivers' } }).title).toEqual({ text: 'Rivers', rank: 2, sessionId: CHAT_ID });
  });

  it('of a subagent stands in a lane of its own, under the session of its folder', () => {
    const where = placeOf(`tmp/lisbon/chats/${CHAT_ID}/sub-1.jsonl`);
    const head = parse(header({ sessionId: 'sub-1', kind: 'subagent', directories: [DIRECTORY] }), {}, where);

    expect(head.sessionId).toBe(CHAT_ID);
    expect(parse(prompt(1, 'Dig.'), head.marks as Marks, where)).toMatchObject({
      sessionId: CHAT_ID,
      lane: 'agent:sub-1',
      cwd: DIRECTORY,
    });
  });

  it('of a subagent beside the sessions is told by its head', () => {
    const head = parse(header({ kind: 'subagent' }), {});

    expect(parse(prompt(1, 'Dig.'), head.marks as Marks).lane).toBe(`agent:${CHAT_ID}`);
  });

  it('without an id that is one of a kind has a key of its file', () => {
    const message = { ...prompt(1, 'x'), id: 'turn_1' };
    const other = placeOf('tmp/lisbon/chats/session-2026-11-22T07-00-aaaaaaaa.jsonl');

    expect(parse(message).key).toBe('session-2026-11-22T06-43-2ab72121:turn_1');
    expect(parse(message, {}, other).key).not.toBe(parse(message).key);
  });

  it('never throws, whatever JSON it holds', () => {
    const field = fc.constantFrom(
      'id',
      'type',
      'content',
      '$set',
      '$rewindTo',
      'messages',
      'toolCalls',
      'thoughts',
      'sessionId',
      'projectHash',
    );
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('user', 'gemini', 'error', CHAT_ID));
    fc.assert(
      fc.property(fc.dictionary(field, value), fc.dictionary(field, value), (fields, inner) => {
        const line = bytesOf({ ...fields, $set: inner });
        expect(['record', 'records']).toContain(adapter.parseLine(line, place, { start: 0, marks: {} }).outcome);
        adapter.parseLine(bytesOf(fields), place, { start: 0, marks: {} });
        adapter.parseDocument(bytesOf({ sessionId: 's', ...fields, messages: [inner, fields] }), place);
        adapter.salvageLine(line.subarray(0, -1), place, { start: 0, marks: {} });
      }),
      { numRuns: 300 },
    );
  });
});

describe('a list of all messages', () => {
  const older = [context(), prompt(1, 'Name a river.'), answer(2, 'The Danube.')];

  it('repeats every message, each with its place in the line', () => {
    const line = bytesOf(list(9000, older));
    const outcome = adapter.parseLine(line, place, { start: 0, marks: KNOWN });
    if (outcome.outcome !== 'records') throw new Error('no records');
    const messages = outcome.records.slice(1);

    expect(messages.map(({ record }) => record.key)).toEqual([
      'session-2026-11-22T06-43-2ab72121:d04923d38bb0f6017037e74183378ef4',
      messageId(1),
      messageId(2),
    ]);
    expect(messages.map(({ offset, length }) => JSON.parse(line.toString('utf8', offset, offset + length)))).toEqual(
      older,
    );
  });

  it('says less than the line of the message itself', () => {
    const [, , listed] = parseAll(list(9000, older));

    expect(listed?.version).toBeLessThan(parse(prompt(1, 'x')).version ?? 0);
  });

  it('brings no prompts of its own: what is made with the list is a summary or a copy', () => {
    const summary = prompt(9, '<state_snapshot>so far</state_snapshot>');
    const [, kept, copy, words] = parseAll(list(9010, [summary, prompt(9, 'Name a river.'), answer(9, 'The Danube.')]));

    expect(kept === undefined ? [] : kinds(kept)).toEqual(['compacted']);
    expect([copy, words]).toMatchObject([
      { role: 'session', parts: [] },
      { role: 'session', parts: [] },
    ]);
  });

  it('that lacks the waiting prompt ends it', () => {
    const waiting = { ...KNOWN, ...(parse(prompt(3, 'Refuse this.')).marks as Marks) };

    expect(parseAll(list(9000, older), waiting)[0]).toMatchObject({
      role: 'member',
      signal: 'interrupted',
      marks: { '~waiting': null },
    });
    expect(parseAll(list(9000, [...older, prompt(3, 'Refuse this.')]), waiting)[0]).toMatchObject({ role: 'session' });
    expect(parse(answer(4, 'No.')).marks).toEqual({ '~waiting': null });
    expect(parse(touched(4)).marks).toBeUndefined();
  });
});

describe('a whole-file JSON', () => {
  it('gives its messages with their session and folder', () => {
    const content = oldChat([context(), prompt(1, 'Name a river.'), answer(2, 'The Danube.')], { summary: 'Rivers' });
    const [head, , asked, said] = parseDocument(content);

    expect(head).toMatchObject({ key: `document:${CHAT_ID}`, sessionId: CHAT_ID, title: { text: 'Rivers' } });
    expect(asked).toMatchObject({ key: messageId(1), prompt: 'Name a river.', sessionId: CHAT_ID, cwd: DIRECTORY });
    expect(said === undefined ? [] : texts(said)).toEqual(['The Danube.']);
  });

  it('says less than the lines it became', () => {
    const [, asked] = parseDocument(oldChat([prompt(1, 'Name a river.')]));

    expect(asked?.version).toBeLessThan(parseAll(list(9000, [prompt(1, 'x')]))[1]?.version ?? 0);
  });

  it.each([
    ['{"sessionId": "a", "messages": [', 'not-json'],
    ['[]', 'not-an-object'],
    ['{}', 'not-a-transcript'],
    ['{"sessionId": "a"}', 'not-a-transcript'],
    ['{"sessionId": "a", "messages": {}}', 'not-a-transcript'],
    ['{"sessionId": "a\0", "messages": []}', 'nul-bytes'],
  ])('%j is malformed: %s', (content, reason) => {
    expect(adapter.parseDocument(Buffer.from(content), place)).toEqual({ outcome: 'malformed', reason });
  });

  it('that is empty holds nothing yet', () => {
    expect(parseDocument(' \n')).toEqual([]);
  });

  it('tells where what is no message stands', () => {
    const bytes = Buffer.from(oldChat(['x', prompt(1, 'Name a river.'), null]));
    const outcome = adapter.parseDocument(bytes, place);
    if (outcome.outcome === 'malformed') throw new Error(outcome.reason);
    const strangers = [...outcome.records].filter((item) => 'malformed' in item);

    expect(strangers.map(({ offset, length }) => bytes.toString('utf8', offset, offset + length))).toEqual([
      '"x"',
      'null',
    ]);
  });
});

describe('elementRanges', () => {
  it('finds every element of a list, however the JSON is written', () => {
    const nested = fc.record({ before: fc.jsonValue(), list: fc.array(fc.jsonValue()), after: fc.jsonValue() });
    fc.assert(
      fc.property(nested, fc.constantFrom(0, 1, 2, '\t'), (value, indent) => {
        const bytes = Buffer.from(JSON.stringify({ x: 1, '"messages"': [9], $set: value, y: [] }, null, indent));
        const ranges = elementRanges(bytes, ['$set', 'list']);
        expect(
          ranges.map(({ offset, length }): unknown => JSON.parse(bytes.toString('utf8', offset, offset + length))),
        ).toEqual(JSON.parse(JSON.stringify(value.list)));
      }),
    );
  });

  it.each([
    ['{"a":1}{"b":"}{"}', ['{"a":1}', '{"b":"}{"}']],
    [' {"a":[{}]} \t[2]"x" 7 null', ['{"a":[{}]}', '[2]', '"x"', '7', 'null']],
    ['{"a":1}{"b":', ['{"a":1}', '{"b":']],
    ['', []],
    ['{}'.repeat(1001), []],
  ])('finds the values in %.40j one behind the other', (json, values) => {
    const bytes = Buffer.from(json);

    expect(valueRanges(bytes).map(({ offset, length }) => bytes.toString('utf8', offset, offset + length))).toEqual(
      values,
    );
  });

  it.each(['{}', '{"a": 1}', '{"list": {}}', '[]', '"list"', '{"list": []}'])('finds none in %s', (json) => {
    expect(elementRanges(Buffer.from(json), ['list'])).toEqual([]);
  });
});

describe('the tools of a message', () => {
  it('are given whole: what was put in, and what came out', () => {
    const output = 'x'.repeat(50_000);
    const result = [{ functionResponse: { id: 'c1', response: { output } } }];
    const calls = [
      { id: 'c1', name: 'run_shell_command', args: { command: 'ls' }, result },
      { id: 'c2', name: 'read_file', args: { path: 'a' }, result: null },
    ];

    expect(
      new GeminiCliAdapter().readBodies(Buffer.from(JSON.stringify({ type: 'gemini', toolCalls: calls }))),
    ).toEqual([
      { kind: 'input', useId: 'c1', text: 'ls' },
      { kind: 'output', useId: 'c1', text: output },
      { kind: 'input', useId: 'c2', text: '{\n  "path": "a"\n}' },
    ]);
  });
});
