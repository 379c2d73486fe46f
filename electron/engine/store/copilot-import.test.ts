import { describe, expect, it } from 'vitest';
import { answersOf, toolsOf } from '../parse/exchange-parts.ts';
import { AgentBed } from './test-support/agent-bed.ts';
import { meaningOf } from './test-support/store-state.ts';

const START = Date.UTC(2026, 10, 22, 9, 0, 0);
const SESSION = '5f2a7c1e-0d4b-4c7a-9a51-3f1f5f0c2b11';
const FILE = `session-state/${SESSION}/events.jsonl`;

type Fields = Readonly<Record<string, unknown>>;

/** Events one second apart, each the child of the one before. */
function events(...list: readonly (readonly [type: string, data: Fields, more?: Fields])[]): readonly Fields[] {
  return list.map(([type, data, more], index) => ({
    type,
    data,
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    timestamp: new Date(START + index * 1000).toISOString(),
    parentId: index === 0 ? null : `00000000-0000-4000-8000-${String(index - 1).padStart(12, '0')}`,
    ...more,
  }));
}

const BEGIN = ['session.start', { sessionId: SESSION, version: 1, context: { cwd: '/home/ana/work' } }] as const;

function said(bed: AgentBed): readonly unknown[] {
  return bed.exported().map(({ prompt, parts, state }) => [prompt, answersOf(parts), state]);
}

describe('the events of GitHub Copilot CLI', () => {
  it('give each prompt its answers, tools and end', () => {
    using bed = new AgentBed('copilot-cli');
    bed.write(
      FILE,
      events(
        BEGIN,
        [
          'user.message',
          {
            content: 'List the files.',
            transformedContent: '<current_datetime>…</current_datetime>List the files.',
            attachments: [],
          },
        ],
        ['assistant.turn_start', { turnId: '0' }],
        [
          'assistant.message',
          {
            messageId: 'm1',
            content: '',
            reasoningText: 'Use ls.',
            toolRequests: [{ toolCallId: 'c1', name: 'bash', arguments: { command: 'ls' } }],
          },
        ],
        ['tool.execution_start', { toolCallId: 'c1', toolName: 'bash', arguments: { command: 'ls' } }],
        ['tool.execution_complete', { toolCallId: 'c1', success: false, error: { message: 'no' } }],
        ['assistant.turn_end', { turnId: '0' }],
        ['assistant.message', { messageId: 'm2', content: '  There are none.\n', toolRequests: [] }],
        ['user.message', { content: 'Yes' }],
        ['abort', { reason: 'user initiated' }],
        ['user.message', { content: 'Yes' }],
        ['session.error', { errorType: 'rate_limit', message: 'Too many' }],
        ['session.shutdown', { modelMetrics: {} }],
      ),
    );

    expect(said(bed)).toEqual([
      ['List the files.', ['  There are none.\n'], 'complete'],
      ['Yes', [], 'interrupted'],
      ['Yes', [], 'error'],
    ]);
    const [first] = bed.exported();
    expect(first).toMatchObject({ sessionId: SESSION, project: '/home/ana/work', agent: 'copilot-cli' });
    expect(toolsOf(first?.parts ?? []).map(({ name, summary }) => [name, summary])).toEqual([['bash', 'ls']]);
    expect(first?.parts.map((part) => part.kind)).toEqual(['thinking', 'tool', 'tool-result', 'text']);
    expect(bed.audit.drift()).toBe(0);
  });

  it.each([
    ['in a folder of another name', 'session-state/other/events.jsonl'],
    ['in one file, as before', `session-state/${SESSION}.jsonl`],
    ['in the folder of the history', `history-session-state/${SESSION}.jsonl`],
  ])('belong to the session that they name (%s)', (_, file) => {
    using bed = new AgentBed('copilot-cli');
    bed.write(
      file,
      events(BEGIN, ['user.message', { content: 'Hi' }], ['assistant.message', { content: 'Hello.' }]),
      () => 1,
    );

    expect(bed.exported()).toMatchObject([{ sessionId: SESSION, prompt: 'Hi', state: 'complete' }]);
    expect(bed.figures.positions().map(({ session }) => session)).toEqual([SESSION]);
  });

  it('without their first one belong to the session of their folder', () => {
    using bed = new AgentBed('copilot-cli');
    bed.write(FILE, events(['user.message', { content: 'Hi' }], ['assistant.message', { content: 'Hello.' }]));

    expect(bed.exported()).toMatchObject([{ sessionId: SESSION, prompt: 'Hi', project: null }]);
  });

  it('keep subagents apart, and what skills and hooks say out of the prompts', () => {
    using bed = new AgentBed('copilot-cli');
    bed.write(
      FILE,
      events(
        BEGIN,
        ['user.message', { content: 'Explore.' }],
        [
          'assistant.message',
          { content: '', toolRequests: [{ toolCallId: 't1', name: 'task', arguments: { prompt: 'Look around' } }] },
        ],
        ['tool.execution_start', { toolCallId: 't1', toolName: 'task', arguments: { prompt: 'Look around' } }],
        ['subagent.started', { toolCallId: 't1', agentName: 'explore' }, { agentId: 'a1' }],
        ['assistant.message', { content: 'Looking.', toolRequests: [] }, { agentId: 'a1' }],
        ['assistant.message', { content: 'Seen.', parentToolCallId: 't1' }],
        ['subagent.completed', { toolCallId: 't1' }, { agentId: 'a1' }],
        ['tool.execution_complete', { toolCallId: 't1', success: true, result: { content: 'Seen.' } }],
        ['user.message', { content: 'Injected', source: 'skill-pdf' }],
        ['system.message', { role: 'system', content: 'You are' }],
        ['assistant.message', { content: 'Explored.' }],
      ),
    );

    expect(bed.exported().map(({ prompt, parts, isSubagent }) => [prompt, answersOf(parts), isSubagent])).toEqual([
      ['Explore.', ['Explored.'], false],
      ['Look around', ['Looking.', 'Seen.'], true],
    ]);
  });

  it('of an unknown kind are kept, counted and break nothing', () => {
    using bed = new AgentBed('copilot-cli');
    bed.write(FILE, [
      ...events(BEGIN, ['user.message', { content: 'Hi' }], ['robot.dance', { content: 'La' }]),
      { type: 'user.message', data: null },
      { data: { content: 'untyped' } },
      ...events(BEGIN, ['user.message', { content: 'Hi' }]),
      { type: 'assistant.message', data: { content: 'Hello.' } },
    ]);

    expect(said(bed)).toEqual([['Hi', ['Hello.'], 'complete']]);
    expect(bed.audit.drift()).toBe(2);
  });

  it('of the first versions are one JSON text, which grows', () => {
    const session = (messages: readonly Fields[]): string =>
      JSON.stringify({ sessionId: SESSION, startTime: '2025-10-01T10:00:00.000Z', chatMessages: messages }, null, 2);
    const messages = [
      { role: 'user', content: '<current_datetime>2025-10-01</current_datetime>\n\nAdd a test.' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'c1', function: { name: 'bash', arguments: '{"command":"ls"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'a.ts' },
      { role: 'assistant', content: 'Added.' },
    ];
    const file = `history-session-state/session_${SESSION}_1759312800000.json`;
    using bed = new AgentBed('copilot-cli');
    for (const [index, count] of [2, 4].entries()) {
      const generation = index === 0 ? file : `~2/${file}`;
      bed.append(generation, session(messages.slice(0, count)));
      bed.saveAll(bed.segmentsOf(generation));
    }

    expect(said(bed)).toEqual([['Add a test.', ['Added.'], 'complete']]);
    expect(bed.exported()[0]?.sessionId).toBe(SESSION);
  });

  it('are not changed by being read again', () => {
    using bed = new AgentBed('copilot-cli');
    bed.write(FILE, events(BEGIN, ['user.message', { content: 'Hi' }], ['assistant.message', { content: 'Hello.' }]));
    const before = meaningOf(bed.database);

    bed.readAgain([FILE], () => 1);

    expect(meaningOf(bed.database)).toEqual(before);
  });
});
