import { describe, expect, it } from 'vitest';
import { answersOf, toolsOf } from '../parse/exchange-parts.ts';
import { AgentBed } from './test-support/agent-bed.ts';
import { NOW } from './test-support/store-bed.ts';
import { meaningOf } from './test-support/store-state.ts';

const SESSION = 'b7c1f0a2-5d3e-4b6f-8a90-1c2d3e4f5a6b';
const FOLDER = 'projects/home-ana-work/agent-transcripts';
const FILE = `${FOLDER}/${SESSION}/${SESSION}.jsonl`;

const user = (text: string): object => ({ role: 'user', message: { content: [{ type: 'text', text }] } });
const query = (text: string): object => user(`<user_query>\n${text}\n</user_query>`);
const answer = (...blocks: readonly (string | object)[]): object => ({
  role: 'assistant',
  message: { content: blocks.map((block) => (typeof block === 'string' ? { type: 'text', text: block } : block)) },
});
const ended = (status: string, error?: string): object => ({
  type: 'turn_ended',
  status,
  ...(error === undefined ? {} : { error }),
});

function said(bed: AgentBed): readonly unknown[] {
  return bed.exported().map(({ prompt, parts, state }) => [prompt, answersOf(parts), state]);
}

describe('the transcripts of Cursor', () => {
  it('give each prompt its answers, tools and end, also when the same is said twice', () => {
    using bed = new AgentBed('cursor');
    bed.write(FILE, [
      user('<user_info>\nOS Version: linux\n\nWorkspace Path: /home/ana/my work\n</user_info>'),
      user('<timestamp>Sunday, Jul 26, 2026, 1:06 PM (UTC+3)</timestamp>\n<user_query>\nRun it.\n</user_query>'),
      answer('Running.', { type: 'tool_use', name: 'Shell', input: { command: 'npm test' } }),
      answer('It passed.\n\n[REDACTED]'),
      ended('success'),
      query('yes'),
      ended('aborted', 'User aborted/interrupted manually.'),
      query('yes'),
      ended('error', 'boom'),
      query('yes'),
    ]);

    expect(said(bed)).toEqual([
      ['Run it.', ['Running.', 'It passed.'], 'complete'],
      ['yes', [], 'interrupted'],
      ['yes', [], 'error'],
      ['yes', [], 'open'],
    ]);
    const [first] = bed.exported();
    expect(first).toMatchObject({
      sessionId: SESSION,
      project: '/home/ana/my work',
      startedAt: Date.UTC(2026, 6, 26, 10, 6),
    });
    expect(toolsOf(first?.parts ?? []).map(({ name, summary }) => [name, summary])).toEqual([['Shell', 'npm test']]);
    expect(bed.audit.drift()).toBe(0);
  });

  it('without a time have that of when they were seen first', () => {
    using bed = new AgentBed('cursor');
    bed.write(FILE, [query('When?'), answer('Now.')]);
    bed.now += 60_000;
    bed.readAgain([FILE]);

    expect(bed.exported()).toMatchObject([{ startedAt: NOW, endedAt: NOW, project: null }]);
  });

  it.each([
    [
      'a query with the marks of a query inside',
      query('Say <user_query> or </user_query>.'),
      ['Say <user_query> or </user_query>.'],
    ],
    ['a plain text', user('Just this.'), ['Just this.']],
    ['a text behind elements', user('<attached_files>\na.ts\n</attached_files>\n\nRead it.'), ['Read it.']],
    ['a content that is no list', { role: 'user', message: { content: 'Flat.' } }, ['Flat.']],
    ['several lines', query('  one\n\ttwo\n'), ['  one\n\ttwo\n']],
    ['elements alone', user('<system_reminder>\nBe good.\n</system_reminder>'), []],
    ['an empty query', user('<user_query>\n\n</user_query>'), []],
    [
      'a result of a tool',
      { role: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 'x', content: 'y' }] } },
      [],
    ],
  ])('take %s for what it is', (_, line, prompts) => {
    using bed = new AgentBed('cursor');
    bed.write(FILE, [line]);

    expect(bed.exported().map(({ prompt }) => prompt)).toEqual(prompts);
  });

  it('are the same in a file that was written anew without its last mark', () => {
    using bed = new AgentBed('cursor');
    bed.write(FILE, [query('One'), answer('First.'), ended('success')]);
    bed.write(`~2/${FILE}`, [query('One'), answer('First.'), query('Two'), answer('Second.'), ended('success')]);

    expect(said(bed)).toEqual([
      ['One', ['First.'], 'complete'],
      ['Two', ['Second.'], 'complete'],
    ]);
  });

  it('of subagents lie below their session', () => {
    using bed = new AgentBed('cursor');
    bed.write(FILE, [
      query('Explore.'),
      answer({ type: 'tool_use', name: 'Subagent', id: null, input: {} }),
      answer('Done.'),
    ]);
    bed.write(`${FOLDER}/${SESSION}/subagents/a1.jsonl`, [user('Look around'), answer('Seen.')]);
    bed.write(`${FOLDER}/flat.jsonl`, [query('Alone'), answer('Yes.')]);

    expect(bed.exported().map((it) => [it.sessionId, it.prompt, it.subagentId, answersOf(it.parts)])).toEqual([
      [SESSION, 'Explore.', null, ['Done.']],
      [SESSION, 'Look around', 'a1', ['Seen.']],
      ['flat', 'Alone', null, ['Yes.']],
    ]);
  });

  it('of plain text are read, and read again when they have grown', () => {
    const text = [
      'user:',
      '<user_query>',
      'Explain',
      'assistant:',
      'please.',
      '</user_query>',
      '',
      'assistant:',
      '[Thinking]',
      '  Hm.',
      'Let me look.',
      '[Tool call] Shell',
      '  command=ls',
      '[Tool result] Shell',
      '  a.ts',
      'It is',
    ].join('\n');
    const file = `${FOLDER}/${SESSION}.txt`;
    using bed = new AgentBed('cursor');
    bed.append(file, text);
    bed.saveAll(bed.segmentsOf(file));
    bed.append(file, ' a test.\nuser:\nThanks\n');
    bed.saveAll(bed.segmentsOf(file));

    expect(said(bed)).toEqual([
      ['Explain\nassistant:\nplease.', ['Let me look.', 'It is a test.'], 'complete'],
      ['Thanks', [], 'open'],
    ]);
    expect(bed.exported()[0]?.parts.map((part) => part.kind)).toEqual([
      'thinking',
      'text',
      'tool',
      'tool-result',
      'text',
    ]);
  });

  it('with lines of unknown roles lose nothing and are counted', () => {
    using bed = new AgentBed('cursor');
    bed.write(FILE, [
      query('One'),
      { role: 'oracle', message: { content: 'Om' } },
      { type: 'weather' },
      {},
      answer('Yes.'),
    ]);
    const before = meaningOf(bed.database);
    bed.readAgain([FILE], () => 1);

    expect(said(bed)).toEqual([['One', ['Yes.'], 'complete']]);
    expect(bed.audit.drift()).toBe(3);
    expect(meaningOf(bed.database)).toEqual(before);
  });
});
