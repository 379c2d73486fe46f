import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParsedRecord } from '../../../../shared/record.ts';
import { ClaudeCodeAdapter } from './claude-code.ts';

const adapter = new ClaudeCodeAdapter();
const SESSION = '0b9a3c44-51d2-4b7e-9f51-3d1f1f0a0001';
const context = adapter.contextOf(`claude-code/claude-1/projects/-p/${SESSION}.jsonl`, `projects/-p/${SESSION}.jsonl`);

function parse(fields: object, place = context): ParsedRecord {
  const outcome = adapter.parseLine(Buffer.from(JSON.stringify(fields)), place);
  if (outcome.outcome !== 'record') throw new Error(`no record but ${outcome.outcome}`);
  return outcome.record;
}

function user(content: unknown, more: object = {}): ParsedRecord {
  return parse({ type: 'user', uuid: 'u-1', parentUuid: 'p-1', message: { role: 'user', content }, ...more });
}

function assistant(content: unknown, message: object = {}, more: object = {}): ParsedRecord {
  const whole = { id: 'msg_1', role: 'assistant', model: 'model-1', stop_reason: 'end_turn', content, ...message };
  return parse({ type: 'assistant', uuid: 'a-1', message: whole, ...more });
}

function queued(attachment: object, more: object = {}): ParsedRecord {
  return parse({ type: 'attachment', attachment: { type: 'queued_command', ...attachment }, ...more });
}

const text = (value: string) => [{ type: 'text', text: value }];
const notice = (record: ParsedRecord) => record.parts.map((part) => (part.kind === 'notice' ? part.notice : part.kind));

describe('a line', () => {
  it.each([
    ['{"type":"user"', 'not-json'],
    ['{"type":"user"}{"type":"us', 'not-json'],
    ['{"type":"user"}{"type":"new"}', 'not-json'],
    ['{"type":"user"},{"type":"user"}', 'not-json'],
    ['{"type":"user"}}', 'not-json'],
    ['{"type":"user"}'.repeat(1001), 'not-json'],
    ['[1,2]', 'not-an-object'],
    ['null', 'not-an-object'],
    ['"text"', 'not-an-object'],
    ['{"type":"us\0er"}', 'nul-bytes'],
  ])('%j is malformed: %s', (line, reason) => {
    expect(adapter.parseLine(Buffer.from(line), context)).toEqual({ outcome: 'malformed', reason });
  });

  it('on which a newline is missing gives every record', () => {
    const lines = ['{"type":"user","uuid":"u-1"}', '{"type":"assistant","uuid":"a-1","x":"}{"}', '{"type":"mode"}'];
    const outcome = adapter.parseLine(Buffer.from(lines.join('')), context);

    expect(outcome.outcome === 'records' ? outcome.records.map(({ record }) => record.type) : outcome).toEqual([
      'user',
      'assistant',
      'mode',
    ]);
  });

  it('with invalid UTF-8 is malformed, never repaired', () => {
    const line = Buffer.concat([Buffer.from('{"type":"user","x":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);

    expect(adapter.parseLine(line, context)).toEqual({ outcome: 'malformed', reason: 'invalid-utf8' });
  });

  it.each(['', ' ', '\r', '\uFEFF', '\t \r'])('%j is blank', (line) => {
    expect(adapter.parseLine(Buffer.from(line), context)).toEqual({ outcome: 'blank' });
  });

  it('may end in CR and start with a byte order mark', () => {
    const line = '{"type":"mode","mode":"normal"}';
    const [plain, dos] = [line, `${line}\r`].map((one) => adapter.parseLine(Buffer.from(one), context));

    expect(dos).toEqual(plain);
    expect(adapter.parseLine(Buffer.from(`\uFEFF${line}`), context)).toMatchObject({ outcome: 'record' });
  });

  it('nested 100 000 deep is read or classified, and nothing overflows', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
      const line = `{"type":"user","uuid":"u","message":{"content":${deep}},"toolUseResult":${deep}}`;
      expect(['record', 'malformed']).toContain(adapter.parseLine(Buffer.from(line), context).outcome);
      expect(adapter.parseLine(Buffer.from(line.slice(0, -2)), context)).toMatchObject({ outcome: 'malformed' });
    }
  });

  it('with __proto__ keys harms nothing and is not believed', () => {
    const line =
      '{"__proto__":{"type":"user","polluted":1},"constructor":{"x":1},"message":{"__proto__":{"content":"x"}}}';
    const outcome = adapter.parseLine(Buffer.from(line), context);

    expect(outcome).toMatchObject({
      outcome: 'record',
      record: { type: 'untyped', isKnownType: false, role: 'session' },
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('of a type named like a method of Object is merely unknown', () => {
    for (const type of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(parse({ type })).toMatchObject({ type, isKnownType: false, role: 'session', title: null });
    }
  });

  it('never throws, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const outcome = adapter.parseLine(Buffer.from(bytes), context);
        adapter.salvageLine(Buffer.from(bytes), context);
        adapter.parseSidecar(context, Buffer.from(bytes));
        expect(['record', 'blank', 'malformed']).toContain(outcome.outcome);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws, whatever JSON it holds where fields are expected', () => {
    const names = ['uuid', 'parentUuid', 'timestamp', 'cwd', 'sessionId', 'message', 'attachment', 'content', 'origin'];
    const more = [
      'isSidechain',
      'isMeta',
      'toolUseResult',
      'promptSource',
      'customTitle',
      'display',
      'pastedContents',
      'snapshot',
    ];
    const types = ['user', 'assistant', 'system', 'attachment', 'custom-title', 'queue-operation', 'x', 7, null];
    const block = fc.record(
      {
        type: fc.constantFrom('text', 'tool_use', 'tool_result', 'thinking', 'queued_command'),
        text: fc.jsonValue(),
        prompt: fc.jsonValue(),
        input: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const value = fc.oneof(fc.jsonValue(), block, fc.record({ content: fc.oneof(fc.string(), fc.array(block)) }));
    const fields = fc.dictionary(fc.constantFrom(...names, ...more), value);
    fc.assert(
      fc.property(fc.constantFrom(...types), fields, fc.boolean(), (type, rest, isHistory) => {
        const place = isHistory ? adapter.contextOf('x/history.jsonl', 'history.jsonl') : context;
        const record = parse({ ...rest, type }, place);
        expect(record.key.length).toBeGreaterThan(0);
        expect(record.role === 'prompt').toBe(record.prompt !== null);
        expect(record.at === null || Number.isFinite(record.at)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the key of a record', () => {
  it('is its uuid', () => {
    expect(user('x').key).toBe('u-1');
  });

  it('is a hash where there is none, the same for the same line of the same session only', () => {
    const line = { type: 'mode', mode: 'normal' };
    const other = adapter.contextOf('x', 'projects/-p/other.jsonl');

    expect(parse(line).key).toMatch(/^#[0-9a-f]{32}$/u);
    expect(parse(line).key).toBe(parse(line).key);
    expect(parse(line, other).key).not.toBe(parse(line).key);
    expect(parse({ ...line, mode: 'plan' }).key).not.toBe(parse(line).key);
  });

  it.each(['', ' ', 'a'.repeat(200), '#0123'])('is a hash where the uuid is %j', (uuid) => {
    expect(parse({ type: 'user', uuid, message: { content: 'x' } }).key).toMatch(/^#[0-9a-f]{32}$/u);
  });
});

describe('a user record', () => {
  it.each([
    '  spaces \n\n',
    'a\u2028b\u2029c\u0085d\u007f',
    '<b>tags</b>',
    '<unknown-tag>x</unknown-tag>',
    '[Request',
    '/etc/hosts is what?',
  ])('with the text %j is a prompt, unaltered', (typed) => {
    expect(user(typed)).toMatchObject({ role: 'prompt', prompt: typed, parentKey: 'p-1', lane: 'main', signal: null });
    expect(user(text(typed)).prompt).toBe(typed);
  });

  it('keeps every text block and passes over pictures', () => {
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };

    expect(user([{ type: 'text', text: ' one ' }, picture, { type: 'text', text: 'two' }]).prompt).toBe(' one \ntwo');
    expect(user([picture])).toMatchObject({ role: 'prompt', prompt: '' });
  });

  it('with a slash command that is a prompt shows it as typed', () => {
    const command = '<command-message>greet is running…</command-message>\n<command-name>/greet</command-name>';

    expect(user(`${command}\n<command-args>Maria <b> </command-args> x</command-args>`).prompt).toBe(
      '/greet Maria <b> </command-args> x',
    );
    expect(user(command).prompt).toBe('/greet');
    expect(user('<command-message>x</command-message>\n<command-name>greet</command-name>').prompt).toBe('/greet');
  });

  it('with a command of the client is no prompt', () => {
    const compact =
      '<command-name>/compact</command-name>\n            <command-message>compact</command-message>\n            <command-args></command-args>';

    expect(user(compact)).toMatchObject({
      role: 'member',
      signal: null,
      parts: [{ notice: 'command-output', text: '/compact' }],
    });
  });

  it('with a command is a prompt whatever its source, unless the client marked it as its own', () => {
    const greet = '<command-message>greet</command-message>\n<command-name>/greet</command-name>';

    expect(user('<bash-input>ls</bash-input>', { promptSource: 'system' }).prompt).toBe('!ls');
    expect(user(greet, { promptSource: 'system' }).prompt).toBe('/greet');
    expect(user(greet, { isMeta: true }).prompt).toBeNull();
  });

  it('with a shell command is a prompt of its own, complete with its output', () => {
    expect(user('<bash-input>echo <x></bash-input>').prompt).toBe('!echo <x>');
    expect(user('<bash-stdout>a\u001b[2mb</bash-stdout><bash-stderr>c</bash-stderr>')).toMatchObject({
      role: 'member',
      signal: 'completed',
      parts: [{ kind: 'notice', notice: 'command-output', text: 'ab\nc' }],
    });
    expect(user('<bash-stdout></bash-stdout><bash-stderr></bash-stderr>').parts).toEqual([]);
  });

  it.each([
    ['<local-command-stdout>out</local-command-stdout>', ['command-output'], null],
    ['<local-command-caveat>Caveat: …</local-command-caveat>', [], null],
    ['<task-notification>\n<task-id>x</task-id>\n</task-notification>', ['context'], null],
    ['Stop hook feedback:\n- [x]: finish again', ['context'], null],
    ['[Request interrupted by user]', ['interrupted'], 'interrupted'],
    ['[Request interrupted by user for tool use]', ['interrupted'], 'interrupted'],
    ['Caveat: The messages below were generated by the user while running local commands. DO NOT…', ['context'], null],
    ['This session is being continued from a previous conversation that ran out of context. …', ['compacted'], null],
    ['<ide_opened_file>The user opened a.ts</ide_opened_file>', [], null],
    ['<system-reminder>x</system-reminder>\n', [], null],
  ])('with the envelope %j is no prompt', (envelope, notices, signal) => {
    for (const record of [user(envelope), user(text(envelope))]) {
      expect(record).toMatchObject({ role: 'member', prompt: null, signal });
      expect(notice(record)).toEqual(notices);
    }
  });

  it('with context in front of a prompt is that prompt', () => {
    expect(user('<system-reminder>a</system-reminder>\n<ide_selection>b</ide_selection>\n\n real \n').prompt).toBe(
      ' real \n',
    );
    expect(
      user([...text('<ide_opened_file>a</ide_opened_file>'), ...text('real')], { promptSource: 'typed' }).prompt,
    ).toBe('real');
  });

  it('that says it was typed is taken at its word, even if it quotes the client', () => {
    const quotes = ['<system-reminder>not real</system-reminder> is what?', 'Stop hook feedback: what is it?'];
    for (const quote of quotes) {
      expect(user(quote, { promptSource: 'typed', origin: { kind: 'human' } }).prompt).toBe(quote);
    }
    expect(user('why does <command-name>/clear</command-name> stand here').prompt).toBe(
      'why does <command-name>/clear</command-name> stand here',
    );
  });

  it.each([
    [{ isMeta: true }],
    [{ isSynthetic: true }],
    [{ isVisibleInTranscriptOnly: true }],
    [{ toolUseResult: { stdout: '' } }],
    [{ sourceToolUseID: 'toolu_1' }],
    [{ origin: { kind: 'task-notification' }, promptSource: 'sdk' }],
    [{ turnOrigin: 'task_notification', promptSource: 'system' }],
    [{ promptSource: 'system' }],
  ])('with %j is no prompt', (more) => {
    expect(user('some words', more)).toMatchObject({ role: 'member', prompt: null, parts: [{ notice: 'context' }] });
  });

  it.each([
    [{ promptSource: 'sdk', turnOrigin: 'sdk' }],
    [{ promptSource: 'queued' }],
    [{ turnOrigin: 'human', origin: { kind: 'human' } }],
  ])('with %j is a prompt', (more) => {
    expect(user('some words', more).role).toBe('prompt');
  });

  it.each([
    'Continue from where you left off.',
    'Output token limit hit. Resume directly…',
    '[Your previous response had no visible output. …]',
  ])('in which the client says %j to the model shows nothing', (words) => {
    expect(user(text(words), { isMeta: true })).toMatchObject({ role: 'member', parts: [], signal: null });
  });

  it('with a compact summary shows a compaction, under either role', () => {
    expect(notice(user('Summary', { isCompactSummary: true }))).toEqual(['compacted']);
    expect(notice(assistant(text('Summary'), {}, { isCompactSummary: true }))).toEqual(['compacted']);
  });

  it('with tool results is a member; what was said along with them is kept', () => {
    const record = user([
      { type: 'tool_result', tool_use_id: 't1', is_error: true, content: 'no' },
      ...text('do it otherwise'),
    ]);

    expect(record).toMatchObject({ role: 'member', signal: 'working' });
    expect(record.parts).toMatchObject([
      { kind: 'tool-result', useId: 't1', isError: true },
      { notice: 'context', text: 'do it otherwise' },
    ]);
    expect(user([{ type: 'tool_result', tool_use_id: 't1' }, ...text('[Request interrupted by user]')]).signal).toBe(
      'interrupted',
    );
  });
});

describe('a queued command', () => {
  it('is a prompt although it is an attachment and may lack an id', () => {
    const record = queued({ prompt: ' typed while busy ', commandMode: 'prompt', origin: { kind: 'human' } });

    expect(record).toMatchObject({
      type: 'attachment/queued_command',
      role: 'prompt',
      prompt: ' typed while busy ',
      signal: 'completed',
    });
    expect(record.key).toMatch(/^#/u);
    expect(queued({ prompt: text('blocks') }, { uuid: 'q1' })).toMatchObject({ key: 'q1', prompt: 'blocks' });
  });

  it.each([
    [{ prompt: '<task-notification>done</task-notification>' }],
    [{ prompt: 'done', commandMode: 'task-notification' }],
    [{ prompt: 'done', origin: { kind: 'task-notification' } }],
    [{ prompt: 'done', isMeta: true }],
  ])('%j is none of a person', (attachment) => {
    expect(queued(attachment)).toMatchObject({ role: 'member', prompt: null, parts: [{ notice: 'context' }] });
  });
});

describe('an assistant record', () => {
  it('gives its text unaltered', () => {
    const part = { kind: 'text', text: '\n\n  padded  \n', messageId: 'msg_1', record: 'a-1' };

    expect(assistant(text('\n\n  padded  \n'))).toMatchObject({ role: 'member', parts: [part], signal: 'completed' });
  });

  it.each([
    [text('x'), { stop_reason: 'tool_use' }, 'working'],
    [text('x'), { stop_reason: null }, 'completed'],
    [[{ type: 'thinking', thinking: 'x' }], { stop_reason: null }, 'working'],
    [text('x'), { stop_reason: 'max_tokens' }, 'completed'],
    [text('x'), { stop_reason: 'pause_turn' }, 'working'],
    [text('x'), { stop_reason: 'refusal' }, 'failed'],
    [[{ type: 'tool_use', id: 't', name: 'Bash', input: {} }], { stop_reason: null }, 'working'],
  ])('%j with %j is %s', (content, message, signal) => {
    expect(assistant(content, message).signal).toBe(signal);
  });

  it('that was cut short is an answer of an interrupted exchange', () => {
    expect(assistant(text('half a sen'), { stop_reason: null }, { isAbortedMidStream: true })).toMatchObject({
      signal: 'interrupted',
      parts: [{ kind: 'text', text: 'half a sen' }],
    });
    expect(
      assistant(
        text('half a sen'),
        { model: '<synthetic>', stop_reason: 'stop_sequence' },
        { isApiErrorMessage: false },
      ),
    ).toMatchObject({
      signal: null,
      parts: [{ kind: 'text', text: 'half a sen' }],
    });
  });

  it.each(['No response requested.', '(no content)'])('in which the client writes %j shows nothing', (words) => {
    expect(assistant(text(words), { model: '<synthetic>' })).toMatchObject({ parts: [], signal: null });
    expect(assistant(text(words)).parts).toHaveLength(1);
  });

  it('with an error of the service is never an answer', () => {
    for (const record of [
      assistant(text('API Error: 529 Overloaded'), { model: '<synthetic>' }, { isApiErrorMessage: true }),
      assistant(text('Prompt is too long'), {}, { isApiErrorMessage: true }),
      assistant(text('API Error: 500'), { model: '<synthetic>' }),
    ]) {
      expect(record).toMatchObject({ signal: 'failed', parts: [{ kind: 'notice', notice: 'service-error' }] });
    }
  });

  it.each([
    ['Bash', { command: 'ls -l\n  /tmp', description: 'Lists' }, 'ls -l /tmp'],
    ['Read', { file_path: '/a b.txt' }, '/a b.txt'],
    ['Grep', { pattern: 'x+', path: '/src' }, 'x+'],
    ['Agent', { description: 'Look around', prompt: 'Long…' }, 'Look around'],
    ['TodoWrite', { todos: [{ content: 'one' }, { content: 'two' }] }, 'one; two'],
    ['Odd', { command: 7 }, ''],
  ])('sums up the tool %s in one line', (name, input, summary) => {
    expect(assistant([{ type: 'tool_use', id: 't1', name, input }]).parts).toMatchObject([
      { kind: 'tool', name, summary, useId: 't1' },
    ]);
  });

  it('cuts a long summary at 200 characters and never inside a pair of surrogates', () => {
    const [part] = assistant([
      { type: 'tool_use', name: 'Bash', input: { command: `${'x'.repeat(198)}😀${'y'.repeat(5000)}` } },
    ]).parts;

    expect(part).toMatchObject({ summary: `${'x'.repeat(198)}…` });
  });
});

describe('other records', () => {
  it.each([
    ['api-request-blob', { message: { role: 'user', content: 'the same words again' } }],
    ['queue-operation', { operation: 'enqueue', content: 'the same words again' }],
    ['last-prompt', { lastPrompt: 'the same words again', leafUuid: 'x' }],
    ['file-history-snapshot', { messageId: 'u-1', snapshot: { timestamp: '2026-01-02T03:04:05.678Z' } }],
    ['summary', { summary: 'Title of another session', leafUuid: 'x' }],
    ['cost-state', {}],
    ['atis-latch', {}],
  ])('of type %s are known and never prompt or answer', (type, fields) => {
    expect(parse({ type, ...fields })).toMatchObject({
      role: 'session',
      isKnownType: true,
      parts: [],
      prompt: null,
      title: null,
    });
  });

  it.each(
    (
      'agent-color agent-name agent-setting ai-title api-request api-request-shape attribution-snapshot bridge-session ' +
      'content-replacement marble-origami-commit marble-origami-snapshot mode permission-mode pr-link relocated result ' +
      'speculation-accept started tag task-summary tools-used worktree-state'
    ).split(' '),
  )('of type %s say nothing in a conversation', (type) => {
    const record = parse({ type, message: { role: 'user', content: 'not a prompt' }, content: 'not a prompt' });

    expect(record).toMatchObject({ role: 'session', isKnownType: true, parts: [], prompt: null });
  });

  it.each(
    (
      'agents_killed api_error away_summary bridge_status compact_boundary memory_saved microcompact_boundary ' +
      'permission_retry stop_hook_summary'
    ).split(' '),
  )('of the system about %s keep their place and show nothing', (subtype) => {
    const record = parse({ type: 'system', subtype, uuid: 's-1', parentUuid: 'p-1', content: 'not an answer' });

    expect(record).toMatchObject({ role: 'member', isKnownType: true, parts: [], signal: null, parentKey: 'p-1' });
  });

  it.each([
    ['turn_duration', [], 'completed'],
    ['informational', ['context'], null],
    ['local_command', ['command-output'], null],
    ['model_refusal_no_fallback', ['service-error'], null],
  ])('of the system about %s show what happened', (subtype, shown, signal) => {
    const record = parse({ type: 'system', subtype, uuid: 's-1', content: 'Something happened.' });

    expect(record).toMatchObject({ role: 'member', isKnownType: true, signal });
    expect(notice(record)).toEqual(shown);
  });

  it.each(
    (
      'agent_listing_delta auto_mode command_permissions compact_file_reference date deferred_tools_delta environment file ' +
      'hook_blocking_error mcp_instructions_delta model prompt_snapshot remote_session_change session_context skill_listing'
    ).split(' '),
  )('with the attachment %s keep their place and show nothing', (type) => {
    const attachment = { type, prompt: 'not a prompt', content: 'not a prompt' };

    expect(parse({ type: 'attachment', uuid: 't-1', parentUuid: 'p-1', attachment })).toMatchObject({
      role: 'member',
      isKnownType: true,
      parts: [],
      prompt: null,
    });
  });

  it('of the progress of a tool, a hook or a subagent keep their place and show nothing', () => {
    const data = {
      type: 'agent_progress',
      agentId: 'ab',
      message: { type: 'user', message: { content: 'no prompt' } },
    };

    expect(parse({ type: 'progress', uuid: 'g-1', parentUuid: 'p-1', data, parentToolUseID: 'use-1' })).toMatchObject({
      role: 'member',
      isKnownType: true,
      parts: [],
    });
  });

  it('of an unknown type keep their place in the chain if they have one', () => {
    expect(parse({ type: 'future', message: { content: 'x' } })).toMatchObject({ isKnownType: false, role: 'session' });
    expect(parse({ type: 'future', uuid: 'f', parentUuid: 'e' })).toMatchObject({
      isKnownType: false,
      role: 'member',
      parentKey: 'e',
      parts: [],
    });
    expect(parse({ type: 'system', subtype: 'future', uuid: 's' })).toMatchObject({
      isKnownType: false,
      role: 'member',
      type: 'system/future',
    });
  });

  it('of a compaction go back to the record before it', () => {
    expect(
      parse({ type: 'system', subtype: 'compact_boundary', uuid: 'b', parentUuid: null, logicalParentUuid: 'l' })
        .parentKey,
    ).toBe('l');
  });

  it('give titles: by hand before made up, never that of another session', () => {
    expect(parse({ type: 'custom-title', customTitle: ' Mine ' }).title).toEqual({
      text: 'Mine',
      rank: 3,
      sessionId: SESSION,
    });
    expect(parse({ type: 'ai-title', aiTitle: 'Made up', sessionId: 's2' }).title).toEqual({
      text: 'Made up',
      rank: 2,
      sessionId: 's2',
    });
    expect(parse({ type: 'custom-title', customTitle: '' }).title).toBeNull();
  });

  it('in a subagent, in a file of its own or inline, stand in a lane of their own', () => {
    const own = adapter.contextOf('x', `projects/-p/${SESSION}/subagents/workflows/w1/agent-ab12.jsonl`);

    expect(parse({ type: 'user', message: { content: 'x' } }, own)).toMatchObject({
      lane: 'agent:ab12',
      sessionId: SESSION,
      role: 'prompt',
    });
    expect(user('x', { isSidechain: true }).lane).toBe('agent:inline');
    expect(user('x', { isSidechain: true, agentId: 'cd' }).lane).toBe('agent:cd');
  });

  it('of the prompt history keep what was typed, with its pastes', () => {
    const place = adapter.contextOf('x/history.jsonl', 'history.jsonl');
    const line = {
      display: 'look: [Pasted text #1 +2 lines]',
      pastedContents: { 1: { id: 1, type: 'text', content: 'a\nb\nc' } },
      timestamp: 5,
      project: '/p',
      sessionId: 's1',
    };

    expect(parse(line, place)).toMatchObject({
      type: 'history',
      role: 'session',
      isKnownType: true,
      sessionId: 's1',
      at: 5,
      history: { text: 'look: a\nb\nc', at: 5, project: '/p', sessionId: 's1' },
    });
    expect(parse({ ...line, display: '/compact now' }, place).history).toBeNull();
    expect(parse({ ...line, display: '/greet Maria' }, place).history?.text).toBe('/greet Maria');
  });
});

describe('the place of a file', () => {
  it.each([
    [`projects/-p/${SESSION}.jsonl`, SESSION, null],
    [`projects/-p/${SESSION}.orphaned-1.jsonl`, SESSION, null],
    [`projects/-p/${SESSION}.jsonl.superseded-1`, SESSION, null],
    ['projects/-p/agent-ab.jsonl', null, 'ab'],
    [`projects/-p/${SESSION}/subagents/agent-ab.jsonl`, SESSION, 'ab'],
    [`projects/-p/${SESSION}/subagents/agent-ab.meta.json`, SESSION, 'ab'],
    [`projects/-p/${SESSION}/subagents/workflows/w/journal.jsonl`, SESSION, null],
    [`projects/-p/${SESSION}/tool-results/x.txt`, SESSION, null],
    ['projects/-p/memory/notes.jsonl', null, null],
    ['projects/-p/sessions-index.json', null, null],
    ['history.jsonl', null, null],
    ['', null, null],
  ])('%s names session %s and subagent %s', (relativePath, sessionId, subagentId) => {
    expect(adapter.contextOf('a', relativePath)).toEqual({
      agent: 'claude-code',
      archivePath: 'a',
      relativePath,
      sessionId,
      subagentId,
    });
  });

  it('links a subagent to the tool that started it', () => {
    const place = adapter.contextOf('x', `projects/-p/${SESSION}/subagents/agent-ab.meta.json`);
    const meta = Buffer.from(
      JSON.stringify({ agentType: 'x', description: 'Rivers', toolUseId: 'toolu_1', spawnDepth: 1 }, null, 2),
    );

    expect(adapter.parseSidecar(place, meta)).toEqual({
      subagentId: 'ab',
      sessionId: SESSION,
      toolUseId: 'toolu_1',
      description: 'Rivers',
    });
    expect(adapter.parseSidecar(place, Buffer.from('{'))).toBeNull();
    expect(adapter.parseSidecar(context, meta)).toBeNull();
  });
});

describe('a malformed line', () => {
  const whole = JSON.stringify({
    parentUuid: 'p',
    type: 'user',
    uuid: 'u9',
    message: { role: 'user', content: text('after the crash') },
  });

  it('gives the record that starts behind an unfinished one', () => {
    const stub = JSON.stringify({ type: 'assistant', message: { content: text('cut') } }).slice(0, -3);

    expect(adapter.parseLine(Buffer.from(stub + whole), context)).toMatchObject({ outcome: 'malformed' });
    expect(adapter.salvageLine(Buffer.from(stub + whole), context)).toMatchObject({
      key: 'u9',
      prompt: 'after the crash',
    });
    expect(adapter.salvageLine(Buffer.from(stub), context)).toBeNull();
  });

  it('gives the record around which a crash left NUL bytes', () => {
    expect(adapter.salvageLine(Buffer.from(`\0\0\0${whole}\0`), context)).toMatchObject({ key: 'u9' });
  });
});
