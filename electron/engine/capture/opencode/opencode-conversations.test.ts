import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../../shared/exchange.ts';
import { answersOf } from '../../parse/exchange-parts.ts';
import { OpencodeAdapter } from '../../parse/agents/opencode.ts';
import { OpencodeBed } from './test-support/opencode-bed.ts';

const SESSION = 'ses_one';
const OTHER = 'ses_two';
const RUN_RULES = JSON.stringify([
  { permission: 'question', action: 'deny', pattern: '*' },
  { permission: 'plan_enter', action: 'deny', pattern: '*' },
]);

function told(exchanges: readonly Exchange[]): readonly (readonly unknown[])[] {
  return exchanges.map(({ sessionId, prompt, parts, state }) => [sessionId, prompt, answersOf(parts), state]);
}

function noticesOf(exchange: Exchange | undefined): readonly (readonly string[])[] {
  return (exchange?.parts ?? []).flatMap((part) => (part.kind === 'notice' ? [[part.notice, part.text]] : []));
}

describe('conversations of opencode', () => {
  it('put several steps of one answer together, with tools and thoughts', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const prompt = agent.prompt(SESSION, 'How many files?');
    const first = agent.begin(SESSION, prompt);
    agent.part(SESSION, first.message, { type: 'reasoning', text: 'I should look.', time: { start: 1, end: 2 } });
    const done = {
      status: 'completed',
      input: { filePath: '/home/ana/work/a.txt' },
      output: '…',
      title: 'a.txt',
      time: {},
    };
    agent.part(SESSION, first.message, { type: 'tool', tool: 'read', callID: 'call_0', state: done });
    const failed = { status: 'error', input: { pattern: '*.md' }, error: 'no', time: { start: 1, end: 2 } };
    agent.part(SESSION, first.message, { type: 'tool', tool: 'glob', callID: 'call_1', state: failed });
    agent.finish(SESSION, first, 'Looking.', 'tool-calls');
    await bed.follow();
    const between = bed.exchanges()[0]?.state;
    agent.finish(SESSION, agent.begin(SESSION, prompt), 'One file.');
    await bed.follow();

    const [exchange] = bed.exchanges();
    expect(told(bed.exchanges())).toEqual([[SESSION, 'How many files?', ['Looking.', 'One file.'], 'complete']]);
    expect(between).toBe('open');
    expect(exchange?.parts.map((part) => (part.kind === 'tool' ? [part.name, part.summary] : part.kind))).toEqual([
      'text',
      'thinking',
      ['read', '/home/ana/work/a.txt'],
      'tool-result',
      ['glob', '*.md'],
      'tool-result',
      'text',
    ]);
    expect(exchange?.parts.filter((part) => part.kind === 'tool-result').map((part) => part.isError)).toEqual([
      false,
      true,
    ]);
    expect(bed.audit.duplicates()).toBe(0);
    const adapter = new OpencodeAdapter();
    const lines = bed.mirror()[`opencode.db/${SESSION}.jsonl`]?.split('\n') ?? [];
    expect(
      lines.flatMap((line) => adapter.readBodies(Buffer.from(line)).map(({ kind, text }) => [kind, text])),
    ).toEqual([
      ['input', '{\n  "filePath": "/home/ana/work/a.txt"\n}'],
      ['output', '…'],
      ['input', '{\n  "pattern": "*.md"\n}'],
      ['output', 'no'],
    ]);
  });

  it('tell an abort from an error of the service, and keep the prompt of a killed answer', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const aborted = agent.begin(SESSION, agent.prompt(SESSION, 'Write a book.'));
    agent.change('part', aborted.text, { text: 'Chapter one' });
    agent.change('message', aborted.message, { error: { name: 'MessageAbortedError', data: { message: 'Aborted' } } });
    const refused = agent.begin(SESSION, agent.prompt(SESSION, 'Again.'));
    agent.change('message', refused.message, { error: { name: 'APIError', data: { message: 'Overloaded' } } });
    agent.begin(SESSION, agent.prompt(SESSION, 'Once more.'));

    await bed.follow();

    expect(told(bed.exchanges())).toEqual([
      [SESSION, 'Write a book.', ['Chapter one'], 'interrupted'],
      [SESSION, 'Again.', [], 'error'],
      [SESSION, 'Once more.', [], 'open'],
    ]);
    expect(bed.exchanges().map(noticesOf)).toEqual([
      [['interrupted', 'MessageAbortedError: Aborted']],
      [['service-error', 'APIError: Overloaded']],
      [],
    ]);
  });

  it('show as prompts what a person said, and nothing that opencode says in their name', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const asked = agent.message(SESSION, { role: 'user' });
    agent.part(SESSION, asked, { type: 'text', text: 'Look at @a.txt' });
    agent.part(SESSION, asked, { type: 'text', text: 'Called the Read tool', synthetic: true });
    agent.part(SESSION, asked, { type: 'file', mime: 'text/plain', filename: 'a.txt', url: 'data:…' });
    agent.part(SESSION, asked, { type: 'text', text: 'and be brief' });
    agent.part(SESSION, asked, { type: 'text', text: 'a remark of a plugin', ignored: true });
    agent.finish(SESSION, agent.begin(SESSION, asked), 'It is empty.');
    const compaction = agent.message(SESSION, { role: 'user' });
    agent.part(SESSION, compaction, { type: 'compaction', auto: true });
    const summary = agent.message(SESSION, { role: 'assistant', parentID: compaction, summary: true });
    agent.part(SESSION, summary, { type: 'text', text: 'We looked at a file.' });
    const goOn = agent.message(SESSION, { role: 'user' });
    agent.part(SESSION, goOn, { type: 'text', text: 'Continue if you have next steps', synthetic: true });
    agent.finish(SESSION, agent.begin(SESSION, goOn), 'Nothing more to do.');
    const picture = agent.message(SESSION, { role: 'user' });
    agent.part(SESSION, picture, {
      type: 'file',
      mime: 'image/png',
      filename: 'p.png',
      url: 'data:image/png;base64,AAAA',
    });

    await bed.follow();

    expect(told(bed.exchanges())).toEqual([
      [SESSION, 'Look at @a.txt\nand be brief', ['It is empty.', 'Nothing more to do.'], 'complete'],
      [SESSION, '', [], 'open'],
    ]);
    expect(noticesOf(bed.exchanges()[0])).toEqual([['compacted', 'We looked at a file.']]);
    expect(bed.audit.drift()).toBe(0);
  });

  it('take the quotes off that `opencode run` puts around an argument, and leave those of a person', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION, permission: RUN_RULES });
    agent.exchange(SESSION, '"Say \\"hello\\" to C:\\\\temp\\\\"', 'hello');
    agent.exchange(SESSION, 'hello', 'one word is not quoted');
    agent.exchange(SESSION, '"a b" "c d"', 'two arguments stay as they are');
    agent.session({ id: OTHER });
    agent.exchange(OTHER, '"What is this?"', 'typed with quotes');

    await bed.follow();

    expect(bed.exchanges().map(({ prompt }) => prompt)).toEqual([
      'Say "hello" to C:\\\\temp\\\\',
      'hello',
      '"a b" "c d"',
      '"What is this?"',
    ]);
  });

  it('keep a subagent apart, under the session that started it', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION, title: 'Parent' });
    const asked = agent.prompt(SESSION, 'Ask another one.');
    const answer = agent.begin(SESSION, asked);
    agent.session({ id: OTHER, parent: SESSION, title: 'Child (@general subagent)' });
    agent.exchange(OTHER, 'You are asked.', 'I answer.');
    agent.session({ id: 'ses_three', parent: OTHER });
    agent.exchange('ses_three', 'And you.', 'Me too.');
    agent.finish(SESSION, answer, 'The other one answered.');

    await bed.follow();

    expect(
      bed.exchanges().map((one) => [one.sessionId, one.prompt, one.isSubagent, one.subagentId, one.state]),
    ).toEqual([
      [SESSION, 'Ask another one.', false, null, 'complete'],
      [SESSION, 'You are asked.', true, OTHER, 'complete'],
      [SESSION, 'And you.', true, 'ses_three', 'complete'],
    ]);
    expect(bed.store.prepare('SELECT native_id, title FROM session').raw().all()).toEqual([[SESSION, 'Parent']]);
    expect(Object.keys(bed.mirror()).sort()).toEqual([
      'opencode.db/database.jsonl',
      'opencode.db/ses_one.jsonl',
      'opencode.db/ses_one/ses_three.jsonl',
      'opencode.db/ses_one/ses_two.jsonl',
    ]);
  });

  it.each(['before', 'after'])('list the past of a fork once, whose copy was made %s the first look', async (when) => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    agent.exchange(SESSION, 'Another one.', 'A pear.');
    if (when === 'after') await bed.follow();
    agent.fork(SESSION, OTHER);
    agent.exchange(OTHER, 'In the fork.', 'A plum.');
    agent.exchange(SESSION, 'In the base.', 'A date.');

    await bed.follow();

    expect(told(bed.exchanges())).toEqual([
      [SESSION, 'Name a fruit.', ['A fig.'], 'complete'],
      [SESSION, 'Another one.', ['A pear.'], 'complete'],
      [OTHER, 'In the fork.', ['A plum.'], 'complete'],
      [SESSION, 'In the base.', ['A date.'], 'complete'],
    ]);
    expect(bed.exchanges().map((exchange) => exchange.sessionIds)).toEqual([
      [SESSION, OTHER],
      [SESSION, OTHER],
      [OTHER],
      [SESSION],
    ]);
  });

  it('keep the past of a fork whose base is gone', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    agent.fork(SESSION, OTHER);
    agent.database.prepare('DELETE FROM session WHERE id = ?').run(SESSION);

    await bed.follow();

    expect(told(bed.exchanges())).toEqual([[OTHER, 'Name a fruit.', ['A fig.'], 'complete']]);
  });

  it('keep what opencode deletes', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    await bed.follow();
    const before = told(bed.exchanges());

    agent.database.prepare('DELETE FROM session WHERE id = ?').run(SESSION);
    agent.session({ id: OTHER });
    agent.exchange(OTHER, 'Anew.', 'Yes.');
    await bed.follow();
    await bed.follow(true);

    expect(told(bed.exchanges())).toEqual([...before, [OTHER, 'Anew.', ['Yes.'], 'complete']]);
  });

  it('do not mix two that go on at the same time', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    for (const id of [SESSION, OTHER]) agent.session({ id });
    const one = agent.begin(SESSION, agent.prompt(SESSION, 'First'));
    const two = agent.begin(OTHER, agent.prompt(OTHER, 'Second'));
    await bed.follow();
    agent.finish(OTHER, two, 'Second answer');
    await bed.follow();
    agent.finish(SESSION, one, 'First answer');
    await bed.follow();

    expect(told(bed.exchanges())).toEqual([
      [SESSION, 'First', ['First answer'], 'complete'],
      [OTHER, 'Second', ['Second answer'], 'complete'],
    ]);
  });

  it('see a prompt whose text is written after its message', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Before.', 'Yes.');
    const asked = agent.message(SESSION, { role: 'user' });
    await bed.follow();
    const without = bed.exchanges().length;
    agent.part(SESSION, asked, { type: 'text', text: 'Late.' });
    await bed.follow();
    agent.finish(SESSION, agent.begin(SESSION, asked), 'Not too late.');
    await bed.follow();

    expect(without).toBe(1);
    expect(told(bed.exchanges())).toEqual([
      [SESSION, 'Before.', ['Yes.'], 'complete'],
      [SESSION, 'Late.', ['Not too late.'], 'complete'],
    ]);
  });

  it('count a part of a new kind as drift, and lose nothing else', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const answer = agent.begin(SESSION, agent.prompt(SESSION, 'Sing.'));
    agent.part(SESSION, answer.message, { type: 'song', notes: ['c', 'd'] });
    agent.finish(SESSION, answer, 'La.');

    await bed.follow();

    expect(told(bed.exchanges())).toEqual([[SESSION, 'Sing.', ['La.'], 'complete']]);
    expect(bed.audit.drift()).toBe(1);
  });
});
