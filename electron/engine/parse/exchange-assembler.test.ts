import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExchangeDraft } from '../../../shared/exchange.ts';
import { ClaudeCodeAdapter } from './agents/claude-code.ts';
import { answersOf } from './exchange-parts.ts';
import { MemoryStore } from './memory-store.fixture.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Writes transcripts as a client does: each record chained to the one before, unless it says otherwise. */
class Client {
  readonly lines: Fields[] = [];
  readonly sessionId: string;
  #last: string | null = null;
  #clock = 0;

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  write(uuid: string, fields: Fields): this {
    this.#clock += 1000;
    const chain = { uuid, parentUuid: this.#last, isSidechain: false, sessionId: this.sessionId, cwd: '/p' };
    this.lines.push({ ...chain, timestamp: new Date(Date.UTC(2026, 0, 1) + this.#clock).toISOString(), ...fields });
    if (fields['isSidechain'] !== true) this.#last = uuid;
    return this;
  }

  user(uuid: string, content: unknown, more: Fields = {}): this {
    return this.write(uuid, { type: 'user', message: { role: 'user', content }, ...more });
  }

  says(uuid: string, text: string, message: Fields = {}, more: Fields = {}): this {
    const content = [{ type: 'text', text }];
    return this.write(uuid, {
      type: 'assistant',
      message: { id: `m-${uuid}`, stop_reason: 'end_turn', content, ...message },
      ...more,
    });
  }

  uses(uuid: string, useId: string, more: Fields = {}): this {
    const content = [{ type: 'tool_use', id: useId, name: 'Bash', input: { command: 'ls' } }];
    return this.write(uuid, {
      type: 'assistant',
      message: { id: `m-${uuid}`, stop_reason: 'tool_use', content },
      ...more,
    });
  }

  result(uuid: string, useId: string, more: Fields = {}): this {
    return this.user(uuid, [{ type: 'tool_result', tool_use_id: useId, content: 'x' }], { toolUseResult: {}, ...more });
  }

  line(fields: Fields): this {
    this.lines.push({ sessionId: this.sessionId, ...fields });
    return this;
  }

  /** What versions 1.0 and 2.0 make of a transcript when it is resumed or forked: copied, stamped anew, in another shape. */
  copyTo(sessionId: string, hours: number): Client {
    const copy = new Client(sessionId);
    for (const line of this.lines) {
      const message = line['message'] as Fields | undefined;
      const content =
        typeof message?.['content'] === 'string' ? [{ type: 'text', text: message['content'] }] : message?.['content'];
      const timestamp = new Date(Date.parse(String(line['timestamp'])) + hours * 3_600_000).toISOString();
      copy.lines.push({ ...line, sessionId, timestamp, message: { ...message, content } });
      copy.#last = String(line['uuid']);
    }
    copy.#clock = hours * 3_600_000 + this.#clock;
    return copy;
  }
}

function read(...clients: readonly Client[]): MemoryStore {
  const store = new MemoryStore(new ClaudeCodeAdapter());
  for (const client of clients) readFrom(store, client);
  return store;
}

function readFrom(store: MemoryStore, client: Client, from = 0, to = client.lines.length): void {
  const lines = client.lines.slice(from, to).map((line) => Buffer.from(JSON.stringify(line)));
  store.read(`projects/-p/${client.sessionId}.jsonl`, lines);
}

function outline(drafts: readonly ExchangeDraft[]): readonly (readonly [string, readonly string[], string])[] {
  return drafts.map((draft) => [draft.prompt, answersOf(draft.parts), draft.state]);
}

describe('a conversation', () => {
  it('is one exchange for each prompt, with all that came of it', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .uses('a1', 't1')
      .result('r1', 't1')
      .says('a2', 'done')
      .user('p2', 'two')
      .says('a3', 'yes');
    const [first, second] = read(client).exchanges();

    expect(first).toMatchObject({
      key: 'p1',
      sessionId: 's1',
      project: '/p',
      state: 'complete',
      revision: 4,
      isSubagent: false,
    });
    expect(first?.parts.map((part) => part.kind)).toEqual(['tool', 'tool-result', 'text']);
    expect(first?.endedAt).toBe(Date.parse('2026-01-01T00:00:04.000Z'));
    expect(second).toMatchObject({ key: 'p2', prompt: 'two', startedAt: Date.parse('2026-01-01T00:00:05.000Z') });
  });

  it('without a prompt yet belongs to no exchange', () => {
    const store = read(new Client('s1').says('a0', 'early').line({ type: 'mode', mode: 'normal' }));

    expect(store.exchanges()).toEqual([]);
    expect(store.exchangeOf('a0')).toBeNull();
  });

  it('follows parents before the order of lines, and the order where a parent is unknown', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .says('a1', 'A')
      .user('p2', 'two')
      .says('late', 'B', {}, { parentUuid: 'a1' })
      .says('lost', 'C', {}, { parentUuid: 'gone' });

    expect(outline(read(client).exchanges())).toEqual([
      ['one', ['A', 'B'], 'complete'],
      ['two', ['C'], 'complete'],
    ]);
  });

  it('keeps both branches of a rewind', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .says('a1', 'A')
      .user('p2', 'rewound', { parentUuid: 'a1' })
      .says('a2', 'B')
      .user('p3', 'instead', { parentUuid: 'a1' })
      .says('a3', 'C');

    expect(outline(read(client).exchanges())).toEqual([
      ['one', ['A'], 'complete'],
      ['rewound', ['B'], 'complete'],
      ['instead', ['C'], 'complete'],
    ]);
  });

  it('goes on in the same exchange over a compaction', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .uses('a1', 't1')
      .result('r1', 't1')
      .write('b', { type: 'system', subtype: 'compact_boundary', parentUuid: null, logicalParentUuid: 'r1' })
      .user('sum', 'Summary', { isCompactSummary: true })
      .says('a2', 'done');

    expect(outline(read(client).exchanges())).toEqual([['one', ['done'], 'complete']]);
  });

  it('has a second ending after a hook objected, also where the objection is not marked as such', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .says('a1', 'first')
      .user('h', 'Stop hook feedback:\n- again')
      .says('a2', 'second');

    expect(outline(read(client).exchanges())).toEqual([['one', ['first', 'second'], 'complete']]);
  });

  it('takes the answer to a background notification as its own', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .says('a1', 'started')
      .user('n', '<task-notification>x</task-notification>')
      .says('a2', 'reported');

    expect(outline(read(client).exchanges())).toEqual([['one', ['started', 'reported'], 'complete']]);
  });
});

describe('a prompt typed while the agent works', () => {
  const queuedCommand = { type: 'attachment', attachment: { type: 'queued_command', prompt: 'quick question' } };

  it('is an exchange; the running turn keeps its answers', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .uses('a1', 't1')
      .result('r1', 't1')
      .write('q', queuedCommand)
      .says('a2', 'done')
      .user('p2', 'two');

    expect(outline(read(client).exchanges())).toEqual([
      ['one', ['done'], 'complete'],
      ['quick question', [], 'complete'],
      ['two', [], 'open'],
    ]);
  });

  it('without an id is one all the same, and one only', () => {
    const client = new Client('s1').user('p1', 'one').uses('a1', 't1').result('r1', 't1');
    client.line({ ...queuedCommand, timestamp: '2026-01-01T00:00:03.500Z' }).says('a2', 'done');
    const store = read(client, client);

    expect(outline(store.exchanges())).toEqual([
      ['one', ['done'], 'complete'],
      ['quick question', [], 'complete'],
    ]);
  });

  it('after the end of the turn has a turn of its own', () => {
    const client = new Client('s1').user('p1', 'one').says('a1', 'done').write('q', queuedCommand).says('a2', 'answer');

    expect(outline(read(client).exchanges())).toEqual([
      ['one', ['done'], 'complete'],
      ['quick question', ['answer'], 'complete'],
    ]);
  });
});

describe('the end of an exchange', () => {
  it('is an interruption where the client says so, with what was said until then', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .says('a1', 'half a', { stop_reason: null }, { isAbortedMidStream: true })
      .user('i', '[Request interrupted by user]');

    expect(outline(read(client).exchanges())).toEqual([['one', ['half a'], 'interrupted']]);
  });

  it('is an interruption where the next prompt finds no answer, or an unanswered tool', () => {
    const client = new Client('s1').user('p1', 'killed').user('p2', 'again').uses('a1', 't1').user('p3', 'and again');

    expect(outline(read(client).exchanges()).map(([, , state]) => state)).toEqual([
      'interrupted',
      'interrupted',
      'open',
    ]);
  });

  it('is not changed by what a resume puts in', () => {
    const synthetic = { model: '<synthetic>', stop_reason: 'stop_sequence' };
    const client = new Client('s1')
      .user('p1', 'refused')
      .says('e', 'API Error: 400', synthetic, { isApiErrorMessage: true })
      .user('c', [{ type: 'text', text: 'Continue from where you left off.' }], { isMeta: true })
      .says('n', 'No response requested.', synthetic)
      .write('d', { type: 'system', subtype: 'turn_duration' })
      .user('p2', 'again')
      .says('a', 'fine');

    expect(outline(read(client).exchanges())).toEqual([
      ['refused', [], 'error'],
      ['again', ['fine'], 'complete'],
    ]);
  });

  it('is complete where a failed request went well the second time', () => {
    const client = new Client('s1')
      .user('p1', 'one')
      .says('e', 'API Error', { model: '<synthetic>' }, { isApiErrorMessage: true })
      .says('a', 'fine');

    expect(outline(read(client).exchanges())).toEqual([['one', ['fine'], 'complete']]);
  });
});

describe('subagents written inline', () => {
  const side = { isSidechain: true };
  const client = new Client('s1')
    .user('p1', 'delegate')
    .uses('a1', 't1')
    .user('s-a', 'task A', { ...side, parentUuid: null })
    .user('s-b', 'task B', { ...side, parentUuid: null })
    .says('s-a1', 'working on A', { stop_reason: 'tool_use' }, { ...side, parentUuid: 's-a' })
    .says('s-b1', 'B is done', {}, { ...side, parentUuid: 's-b' })
    .says('s-a2', 'A is done', {}, { ...side, parentUuid: 's-a1' })
    .result('r1', 't1')
    .says('a2', 'all done');

  it('are exchanges of their own, side by side, and never answers of the main one', () => {
    expect(
      read(client)
        .exchanges()
        .map((draft) => [draft.prompt, answersOf(draft.parts), draft.state, draft.subagentId]),
    ).toEqual([
      ['delegate', ['all done'], 'complete', null],
      ['task A', ['working on A', 'A is done'], 'complete', 's-a'],
      ['task B', ['B is done'], 'complete', 's-b'],
    ]);
  });
});

describe('subagents written inline, as they run,', () => {
  const side = { isSidechain: true };

  it('do not end each other', () => {
    const client = new Client('s1')
      .user('p1', 'delegate')
      .uses('a1', 't1')
      .user('s-a', 'task A', { ...side, parentUuid: null });
    const store = read(client.user('s-b', 'task B', { ...side, parentUuid: null }));

    expect(outline(store.exchanges()).map(([, , state]) => state)).toEqual(['open', 'open', 'open']);
  });

  it('leave what follows them to the main conversation, even if it is chained to them', () => {
    const client = new Client('s1')
      .user('p1', 'delegate')
      .uses('a1', 't1')
      .user('s-a', 'task A', { ...side, parentUuid: null });
    client
      .says('s-a1', 'A is done', {}, { ...side, parentUuid: 's-a' })
      .result('r1', 't1', { parentUuid: 's-a1' })
      .says('a2', 'all done');

    expect(outline(read(client).exchanges())).toEqual([
      ['delegate', ['all done'], 'complete'],
      ['task A', ['A is done'], 'complete'],
    ]);
  });
});

describe('copies of a conversation', () => {
  const original = new Client('z-original').user('p1', 'one').says('a1', 'A').user('p2', 'two').says('a2', 'B');
  const resumed = original.copyTo('a-resumed', 5).user('p3', 'three').says('a3', 'C');
  const again = resumed.copyTo('b-again', 2).user('p4', 'four');
  const expected = [
    ['a-resumed', 'three'],
    ['b-again', 'four'],
    ['z-original', 'one'],
    ['z-original', 'two'],
  ];

  it.each([
    ['oldest first', [original, resumed, again]],
    ['youngest first', [again, resumed, original]],
    ['mixed', [resumed, again, original]],
  ])('%s, show every exchange once, where it was asked', (_, clients) => {
    const store = read(...clients);

    expect(store.exchanges().map((draft) => [draft.sessionId, draft.prompt])).toEqual(expected);
    expect(store.sessionsOf('p1')).toEqual(['a-resumed', 'b-again', 'z-original']);
    expect(store.exchanges().find((draft) => draft.key === 'p1')?.startedAt).toBe(
      Date.parse('2026-01-01T00:00:01.000Z'),
    );
  });

  it('leave exchanges as they are when everything is read a second time', () => {
    const store = read(original, resumed, again);
    const before = store.exchanges();
    for (const client of [again, original, resumed]) readFrom(store, client);

    expect(store.exchanges()).toEqual(before);
  });

  it('read in any pieces end in the same exchanges', () => {
    const clients = [original, resumed, again];
    const expectedDrafts = read(...clients)
      .exchanges()
      .map((draft) => ({ ...draft, endedAt: null }));

    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 4 })), { maxLength: 30 }), (steps) => {
        const store = read();
        const positions = [0, 0, 0];
        const advance = (index: number, count: number) => {
          const client = clients[index];
          const from = positions[index] ?? 0;
          if (client === undefined) return;
          const to = Math.min(client.lines.length, from + count);
          readFrom(store, client, from, to);
          positions[index] = to;
        };
        for (const [index, count] of steps) advance(index, count);
        clients.forEach((client, index) => {
          advance(index, client.lines.length);
        });
        expect(store.exchanges().map((draft) => ({ ...draft, endedAt: null }))).toEqual(expectedDrafts);
      }),
      { numRuns: 60 },
    );
  });
});
