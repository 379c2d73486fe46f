/** What Claude Code wrote from 1.0 to now, peculiarity by peculiarity, and what is made of it. */
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../shared/exchange.ts';
import { answersOf } from '../parse/exchange-parts.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { meaningOf } from './test-support/store-state.ts';

type Fields = Readonly<Record<string, unknown>>;
type Said = readonly string[];

const A = '0b9a3c44-51d2-4b7e-9f51-3d1f1f0a0001';
const B = '0b9a3c44-51d2-4b7e-9f51-3d1f1f0a0002';
const START = Date.UTC(2026, 10, 20, 9);

/** Lines of one session; each is chained to the one before, a second later. */
class Session {
  readonly lines: string[] = [];
  readonly #base: Fields;
  #last: string | null = null;
  #second = 0;

  constructor(base: Fields = {}) {
    this.#base = { sessionId: A, cwd: '/home/ana/work', version: '2.1.330', userType: 'external', ...base };
  }

  /** A line without an id. */
  meta(fields: Fields): this {
    this.lines.push(JSON.stringify({ sessionId: this.#base['sessionId'], ...fields }));
    return this;
  }

  record(uuid: string, fields: Fields): this {
    this.#second += 1;
    const timestamp = new Date(START + this.#second * 1000).toISOString();
    const envelope = { parentUuid: this.#last, isSidechain: false, uuid, timestamp, ...this.#base };
    this.lines.push(JSON.stringify({ ...envelope, ...fields }));
    this.#last = uuid;
    return this;
  }

  user(uuid: string, content: unknown, more: Fields = {}): this {
    return this.record(uuid, { type: 'user', message: { role: 'user', content }, ...more });
  }

  /** One block of an answer. @param reason null: not known yet when it was written */
  says(uuid: string, text: string, reason: string | null = 'end_turn', more: Fields = {}): this {
    return this.#answer(uuid, { type: 'text', text }, reason, {}, more);
  }

  uses(uuid: string, name: string, reason: string | null = 'tool_use'): this {
    return this.#answer(uuid, { type: 'tool_use', id: `use_${uuid}`, name, input: { command: name } }, reason);
  }

  synthetic(uuid: string, text: string, more: Fields = {}): this {
    return this.#answer(uuid, { type: 'text', text }, 'stop_sequence', { model: '<synthetic>' }, more);
  }

  result(uuid: string, use: string, content: string, isError = false): this {
    const block = { type: 'tool_result', tool_use_id: `use_${use}`, content, is_error: isError };
    return this.user(uuid, [block], { toolUseResult: content });
  }

  system(uuid: string, subtype: string, more: Fields = {}): this {
    return this.record(uuid, { type: 'system', subtype, content: '', ...more });
  }

  queued(prompt: string): this {
    const attachment = { type: 'queued_command', prompt, commandMode: 'prompt' };
    return this.record(`queued-${prompt}`, { type: 'attachment', attachment });
  }

  /** What comes next follows that record. */
  after(uuid: string | null): this {
    this.#last = uuid;
    return this;
  }

  #answer(uuid: string, block: Fields, reason: string | null, message: Fields = {}, more: Fields = {}): this {
    const whole = { id: `msg_${uuid}`, role: 'assistant', model: 'model-1', content: [block], stop_reason: reason };
    return this.record(uuid, { type: 'assistant', message: { ...whole, ...message }, ...more });
  }
}

function fileOf(sessionId: string): string {
  return `projects/-home-ana-work/${sessionId}.jsonl`;
}

function save(bed: StoreBed, sessionId: string, { lines }: Session): void {
  bed.saveLines(fileOf(sessionId), lines);
}

function exchanges(bed: StoreBed): readonly Exchange[] {
  return [...bed.reader.page(0, 500).items].sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
}

/** `~` in front of a prompt that was taken back, `>` in front of a subagent's. */
function saidIn(bed: StoreBed): readonly Said[] {
  return exchanges(bed).map(({ prompt, parts, state, isAbandoned, isSubagent }) => [
    `${isAbandoned === true ? '~' : ''}${isSubagent ? '>' : ''}${prompt}`,
    ...answersOf(parts),
    state,
  ]);
}

function noticesIn(bed: StoreBed): readonly string[] {
  return exchanges(bed).flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'notice' ? [part.notice] : [])));
}

const OLD = { version: '1.0.100' } as const;
const META = { isMeta: true } as const;
const sidechain = (uuid: string, session: Session, prompt: string, answer: string): Session =>
  session
    .after(null)
    .user(`${uuid}-p`, prompt, { isSidechain: true })
    .says(`${uuid}-a`, answer, 'end_turn', { isSidechain: true });

const ONE_SESSION: readonly (readonly [string, Session, readonly Said[]])[] = [
  [
    '1.0: no fields but the first ones, a title of another session in front',
    new Session({ version: undefined, userType: undefined, cwd: undefined })
      .meta({ type: 'summary', summary: 'Something else', leafUuid: 'elsewhere' })
      .user('p', 'Name a river.')
      .says('a', 'The Danube.', null),
    [['Name a river.', 'The Danube.', 'complete']],
  ],
  [
    '1.0 and 2.0: blocks are written before the reason is known',
    new Session(OLD)
      .user('p', 'List.')
      .says('a', 'Looking.', null)
      .uses('b', 'ls', null)
      .result('c', 'b', 'a')
      .says('d', 'One file.', null),
    [['List.', 'Looking.', 'One file.', 'complete']],
  ],
  [
    '1.0 and 2.0: a subagent inline, and the answer that follows it',
    sidechain('s', new Session(OLD).user('p', 'Dig.').uses('a', 'Task'), 'Look for gold.', 'Found some.')
      .after('a')
      .result('r', 'a', 'Found some.')
      .says('b', 'There is gold.'),
    [
      ['Dig.', 'There is gold.', 'complete'],
      ['>Look for gold.', 'Found some.', 'complete'],
    ],
  ],
  [
    '1.0: an answer that grew too long ends in an error of the service',
    new Session(OLD)
      .user('p', 'Write.')
      .says('a', 'Much', 'max_tokens')
      .synthetic('b', 'API Error: too long', { isApiErrorMessage: true }),
    [['Write.', 'Much', 'error']],
  ],
  [
    '2.0: the answer to a prompt that was typed meanwhile, and never the prompt',
    new Session({ version: '2.0.14' }).user('p', 'One.').says('a', '1.').says('b', 'And 2.'),
    [['One.', '1.', 'And 2.', 'complete']],
  ],
  [
    '2.0: an interruption of which only the mark is left',
    new Session({ version: '2.0.14' })
      .user('p', 'Write.')
      .user('i', [{ type: 'text', text: '[Request interrupted by user]' }])
      .user('q', 'Stop.')
      .says('a', 'Yes.'),
    [
      ['Write.', 'interrupted'],
      ['Stop.', 'Yes.', 'complete'],
    ],
  ],
  [
    '2.0: a hook that objects without being marked as such',
    new Session({ version: '2.0.14' })
      .user('p', 'Do it.')
      .says('a', 'Done.')
      .user('h', 'Stop hook feedback:\n- [check]: not yet')
      .says('b', 'Now it is.'),
    [['Do it.', 'Done.', 'Now it is.', 'complete']],
  ],
  [
    '2.1: a prompt that was typed while the agent was busy',
    new Session()
      .user('p', 'Count.')
      .uses('a', 'seq')
      .meta({ type: 'queue-operation', operation: 'enqueue', content: 'Faster!' })
      .result('r', 'a', '1 2 3')
      .meta({ type: 'queue-operation', operation: 'remove' })
      .queued('Faster!')
      .says('b', 'Three.'),
    [
      ['Count.', 'Three.', 'complete'],
      ['Faster!', 'complete'],
    ],
  ],
  [
    '2.1: what was said until the interruption, and what a resume puts in',
    new Session()
      .user('p', 'Write.')
      .says('a', 'Once up', null, { isAbortedMidStream: true })
      .user('i', [{ type: 'text', text: '[Request interrupted by user]' }])
      .user('m', 'Continue from where you left off.', META)
      .synthetic('s', 'No response requested.')
      .user('q', 'Go on.')
      .says('b', 'a time.'),
    [
      ['Write.', 'Once up', 'interrupted'],
      ['Go on.', 'a time.', 'complete'],
    ],
  ],
  [
    '2.1: the escape during a tool',
    new Session()
      .user('p', 'Run.')
      .uses('a', 'sleep')
      .result('r', 'a', 'rejected', true)
      .user('i', [{ type: 'text', text: '[Request interrupted by user for tool use]' }]),
    [['Run.', 'interrupted']],
  ],
  [
    '2.1: an answer that goes on after the limit of tokens',
    new Session()
      .user('p', 'Write.')
      .says('a', 'Much', 'max_tokens')
      .user('m', 'Output token limit hit. Resume directly from where you stopped.', META)
      .says('b', ' more.'),
    [['Write.', 'Much', ' more.', 'complete']],
  ],
  [
    '2.1: an error of the service that stays, after some that did not',
    new Session()
      .user('p', 'Ask.')
      .system('e1', 'api_error')
      .system('e2', 'api_error')
      .synthetic('s', 'API Error: 529 overloaded', { isApiErrorMessage: true, error: 'overloaded' })
      .system('d', 'turn_duration'),
    [['Ask.', 'error']],
  ],
  [
    '2.1: a refusal that is asked for once more',
    new Session()
      .user('p', 'Harm.')
      .says('a', 'I will not.', 'refusal')
      .says('b', 'I will not.', 'refusal')
      .synthetic('s', 'API Error: refused', { isApiErrorMessage: true }),
    [['Harm.', 'I will not.', 'I will not.', 'error']],
  ],
  [
    '2.1: an empty answer',
    new Session()
      .user('p', 'Say nothing.')
      .user('m', '[Your previous response had no visible output.]', META)
      .says('a', '…'),
    [['Say nothing.', '…', 'complete']],
  ],
  [
    '2.1: a background agent that reports later',
    new Session()
      .user('p', 'Dig in the background.')
      .uses('a', 'Agent')
      .result('r', 'a', 'Async agent launched')
      .says('b', 'Started.')
      .user('n', '<task-notification>done</task-notification>', { turnOrigin: 'task_notification' })
      .says('c', 'It found gold.'),
    [['Dig in the background.', 'Started.', 'It found gold.', 'complete']],
  ],
  [
    '2.1: commands, of the person and of the client',
    new Session()
      .user('c', '<local-command-caveat>Caveat: …</local-command-caveat>', META)
      .user(
        'n',
        '<command-name>/clear</command-name>\n<command-message>clear</command-message>\n<command-args></command-args>',
      )
      .user(
        'p',
        '<command-message>greet</command-message>\n<command-name>/greet</command-name>\n<command-args>Ana</command-args>',
      )
      .user('m', 'Greet the person named Ana.', META)
      .says('a', 'Hello, Ana.')
      .user('b', '<bash-input>ls</bash-input>')
      .user('o', '<bash-stdout>a</bash-stdout><bash-stderr></bash-stderr>'),
    [
      ['/greet Ana', 'Hello, Ana.', 'complete'],
      ['!ls', 'complete'],
    ],
  ],
  [
    '2.1: an editor that is glued in front of a prompt',
    new Session()
      .user('e', '<ide_opened_file>The user opened a.ts</ide_opened_file>')
      .user('p', [
        { type: 'text', text: '<ide_selection>const a</ide_selection>' },
        { type: 'text', text: 'What is this?' },
      ])
      .says('a', 'A constant.'),
    [['What is this?', 'A constant.', 'complete']],
  ],
  [
    '2.1: words that are repeated beside the conversation',
    new Session()
      .meta({ type: 'queue-operation', operation: 'enqueue', content: 'Name a river.' })
      .meta({ type: 'api-request-blob', message: { role: 'user', content: 'Name a river.' } })
      .user('p', 'Name a river.', { promptSource: 'sdk' })
      .says('a', 'The Danube.')
      .meta({ type: 'api-request-blob', message: { role: 'assistant', content: 'The Danube.' } })
      .meta({ type: 'last-prompt', lastPrompt: 'Name a river.' }),
    [['Name a river.', 'The Danube.', 'complete']],
  ],
  [
    '2.1: a file whose old block is written once more',
    (() => {
      const session = new Session()
        .user('p', 'One.')
        .says('a', '1.')
        .user('q', 'Two.')
        .says('b', '2.')
        .user('r', 'Three.');
      session.lines.push(...session.lines.slice(2, 4));
      return session.says('c', '3.');
    })(),
    [
      ['One.', '1.', 'complete'],
      ['Two.', '2.', 'complete'],
      ['Three.', '3.', 'complete'],
    ],
  ],
  [
    'a rewind, and another one to an earlier place',
    new Session()
      .user('p', 'One.')
      .says('a', '1.')
      .user('q', 'Two.')
      .says('b', '2.')
      .after('a')
      .user('r', 'Two again.')
      .says('c', '2!')
      .user('s', 'Three.')
      .says('d', '3.')
      .after('a')
      .user('t', 'Something else.')
      .says('e', 'Fine.'),
    [
      ['One.', '1.', 'complete'],
      ['~Two.', '2.', 'complete'],
      ['~Two again.', '2!', 'complete'],
      ['~Three.', '3.', 'complete'],
      ['Something else.', 'Fine.', 'complete'],
    ],
  ],
  [
    'a prompt that is edited before its answer ends',
    new Session().user('p', 'One.').says('a', '1.').user('q', 'Twp.').after('a').user('r', 'Two.').says('b', '2.'),
    [
      ['One.', '1.', 'complete'],
      ['~Twp.', 'interrupted'],
      ['Two.', '2.', 'complete'],
    ],
  ],
  [
    'parents that nobody has ever seen',
    new Session().user('p', 'One.').says('a', '1.').after('lost').user('q', 'Two.').says('b', '2.'),
    [
      ['One.', '1.', 'complete'],
      ['Two.', '2.', 'complete'],
    ],
  ],
];

describe('a session as written by', () => {
  it.each(ONE_SESSION)('%s', (_name, session, said) => {
    using bed = new StoreBed();
    save(bed, A, session);

    expect(saidIn(bed)).toEqual(said);
    expect(exchanges(bed).every((exchange) => exchange.sessionId === A)).toBe(true);
    expect(bed.audit.drift()).toBe(0);

    const meaning = meaningOf(bed.database);
    bed.saver.forgetPositions([bed.archivePathOf(fileOf(A))]);
    bed.save(...bed.segmentsOf(fileOf(A), () => 1));
    expect(meaningOf(bed.database)).toEqual(meaning);
  });
});

describe('a compaction', () => {
  const summary = 'This session is being continued from a previous conversation that ran out of context.';

  it('is shown where it happened; the file goes on', () => {
    using bed = new StoreBed();
    const boundary = { parentUuid: null, logicalParentUuid: 'a', compactMetadata: { trigger: 'manual', preTokens: 9 } };
    save(
      bed,
      A,
      new Session()
        .user('p', 'One.')
        .says('a', '1.')
        .system('m', 'microcompact_boundary')
        .system('c', 'compact_boundary', boundary)
        .user('s', summary, { isCompactSummary: true, isVisibleInTranscriptOnly: true })
        .user('q', 'Two.')
        .says('b', '2.'),
    );

    expect(saidIn(bed)).toEqual([
      ['One.', '1.', 'complete'],
      ['Two.', '2.', 'complete'],
    ]);
    expect(noticesIn(bed)).toEqual(['compacted']);
  });

  it.each([[[A, B]], [[B, A]]])(
    'that goes on in a new file keeps both sessions apart, read in the order %j',
    (order) => {
      using bed = new StoreBed();
      const files = new Map([
        [A, new Session().user('p', 'One.').says('a', '1.')],
        [
          B,
          new Session({ sessionId: B })
            .system('c', 'compact_boundary', { logicalParentUuid: 'a', timestamp: '2026-11-20T10:00:00Z' })
            .user('s', summary, { isCompactSummary: true, timestamp: '2026-11-20T10:00:01Z' })
            .user('q', 'Two.', { timestamp: '2026-11-20T10:00:02Z' })
            .says('b', '2.'),
        ],
      ]);

      for (const sessionId of order) save(bed, sessionId, files.get(sessionId) ?? new Session());

      expect(exchanges(bed).map((exchange) => [exchange.prompt, exchange.sessionId])).toEqual([
        ['One.', A],
        ['Two.', B],
      ]);
      expect(exchanges(bed).map((exchange) => answersOf(exchange.parts))).toEqual([['1.'], ['2.']]);
    },
  );
});

describe('copies of a session', () => {
  const origin = (): Session => new Session(OLD).user('p', 'One.').says('a', '1.').user('q', 'Two.').says('b', '2.');

  it.each([[[A, B]], [[B, A]]])('by a resume of 1.0 hold each exchange once, read in the order %j', (order) => {
    using bed = new StoreBed();
    const later = (uuid: string) => ({ timestamp: `2026-11-21T10:00:0${uuid.length}Z` });
    const files = new Map([
      [A, origin()],
      [
        B,
        new Session({ ...OLD, sessionId: B })
          .user('p', [{ type: 'text', text: 'One.' }], later('1'))
          .says('a', '1.', 'end_turn', later('1'))
          .user('q', [{ type: 'text', text: 'Two.' }], later('1'))
          .says('b', '2.', 'end_turn', later('1'))
          .user('r', 'Three.', later('22'))
          .says('c', '3.', 'end_turn', later('22')),
      ],
    ]);

    for (const sessionId of order) save(bed, sessionId, files.get(sessionId) ?? new Session());

    expect(
      exchanges(bed).map(({ prompt, sessionId, sessionIds }) => [prompt, sessionId, [...sessionIds].sort()]),
    ).toEqual([
      ['One.', A, [A, B]],
      ['Two.', A, [A, B]],
      ['Three.', B, [B]],
    ]);
    expect(bed.audit.duplicates()).toBe(0);
  });

  it.each([[[A, B]], [[B, A]]])('by a fork after a rewind leave the same one behind, read in the order %j', (order) => {
    using bed = new StoreBed();
    const files = new Map([
      [A, origin().after('a').user('r', 'Two again.').says('c', '2!')],
      [
        B,
        new Session({ sessionId: B })
          .user('p', 'One.')
          .says('a', '1.')
          .after('a')
          .user('r', 'Two again.', { timestamp: '2026-11-20T09:00:05Z' })
          .says('c', '2!')
          .user('s', 'Three.', { timestamp: '2026-11-20T09:10:00Z' }),
      ],
    ]);

    for (const sessionId of order) save(bed, sessionId, files.get(sessionId) ?? new Session());

    expect(saidIn(bed)).toEqual([
      ['One.', '1.', 'complete'],
      ['~Two.', '2.', 'complete'],
      ['Two again.', '2!', 'complete'],
      ['Three.', 'open'],
    ]);
  });
});

describe('a session', () => {
  it('keeps the folder in which each prompt was asked', () => {
    using bed = new StoreBed();
    const there = { cwd: '/home/ana/work/sub' };
    save(bed, A, new Session().user('p', 'One.').says('a', '1.', 'end_turn', there).user('q', 'Two.', there));

    expect(exchanges(bed).map((exchange) => exchange.project)).toEqual(['/home/ana/work', '/home/ana/work/sub']);
    expect(bed.reader.session(A).session.project).toBe('/home/ana/work');
  });

  it('is called as the person called it, else as the client did', () => {
    using bed = new StoreBed();
    save(bed, A, new Session().user('p', 'One.').meta({ type: 'ai-title', aiTitle: 'First' }));
    expect(bed.reader.session(A).session.title).toBe('First');
    bed.saveLines(fileOf(A), [
      JSON.stringify({ type: 'custom-title', customTitle: 'Mine', sessionId: A }),
      JSON.stringify({ type: 'ai-title', aiTitle: 'Second', sessionId: A }),
    ]);
    expect(bed.reader.session(A).session.title).toBe('Mine');
  });

  it('with an output of a tool that was put elsewhere keeps its place', () => {
    using bed = new StoreBed();
    const persisted = '<persisted-output>\nOutput too large. Full output saved to: x.txt\n</persisted-output>';
    save(bed, A, new Session().user('p', 'List.').uses('a', 'ls').result('r', 'a', persisted).says('b', 'Much.'));

    expect(saidIn(bed)).toEqual([['List.', 'Much.', 'complete']]);
    expect(exchanges(bed)[0]?.parts.map((part) => part.kind)).toEqual(['tool', 'tool-result', 'text']);
  });

  it('with a subagent in a file of its own holds what that was asked and said', () => {
    using bed = new StoreBed();
    save(bed, A, new Session().user('p', 'Dig.').uses('a', 'Agent').result('r', 'a', 'Found.').says('b', 'Gold.'));
    const side = { isSidechain: true, agentId: 'ab12' };
    const agent = new Session().user('sp', 'Look for gold.', side).says('sa', 'Found.', 'end_turn', side);
    bed.saveLines(`projects/-home-ana-work/${A}/subagents/agent-ab12.jsonl`, agent.lines);

    expect(
      exchanges(bed)
        .map((exchange) => [exchange.prompt, exchange.sessionId, exchange.subagentId])
        .sort(),
    ).toEqual([
      ['Dig.', A, null],
      ['Look for gold.', A, 'ab12'],
    ]);
  });

  it('with records of a new kind is read all the same, and they are counted', () => {
    using bed = new StoreBed();
    const session = new Session()
      .user('p', 'One.')
      .system('s', 'telepathy')
      .record('x', { type: 'hologram', message: { role: 'user', content: 'not a prompt' } })
      .record('y', { type: 'attachment', attachment: { type: 'scent', prompt: 'not a prompt' } })
      .meta({ type: 'aura', text: 'not a prompt' })
      .says('a', '1.');
    save(bed, A, session);

    expect(saidIn(bed)).toEqual([['One.', '1.', 'complete']]);
    expect(bed.audit.drift()).toBe(4);
  });
});
