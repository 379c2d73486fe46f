import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../shared/exchange.ts';
import { answersOf, toolsOf } from '../parse/exchange-parts.ts';
import { CaptureGap } from './capture-gap.ts';
import { AgentBed, fixtureTree } from './test-support/agent-bed.ts';
import { RolloutWriter, START, THREAD, idAt, rolloutFile } from './test-support/rollout.ts';
import { meaningOf } from './test-support/store-state.ts';

const FILE = rolloutFile(THREAD);
const turnAt = (second: number): string => idAt(START + second * 1000, 'f1');

/** Prompt, answers and state of each, the shortest way to say what is exported. */
function said(bed: AgentBed): readonly unknown[] {
  return bed.exported().map(({ prompt, parts, state }) => [prompt, answersOf(parts), state]);
}

function saidOf(...lines: readonly (object | string | Buffer)[]): readonly unknown[] {
  using bed = new AgentBed('codex');
  bed.write(FILE, lines);
  return said(bed);
}

function only(bed: AgentBed): Exchange {
  const [exchange, ...others] = bed.exported();
  if (exchange === undefined || others.length > 0) throw new Error('not one exchange');
  return exchange;
}

describe('a rollout', () => {
  it('is read without envelope, as the first versions wrote it', () => {
    const bare = [
      { id: THREAD, timestamp: '2025-07-01T10:00:00.000Z', instructions: null, git: {} },
      { record_type: 'state' },
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: '<user_instructions>\nBe terse.\n</user_instructions>' }],
      },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'yes' }] },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] },
      { type: 'local_shell_call', call_id: 'c1', action: { type: 'exec', command: ['bash', '-lc', 'ls'] } },
      { type: 'function_call_output', call_id: 'c1', output: '{"output":"x","metadata":{"exit_code":1}}' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Done.' }] },
      { record_type: 'state' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'yes' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Done.' }] },
    ];
    using bed = new AgentBed('codex');
    bed.write(FILE, bare);

    expect(said(bed)).toEqual([
      ['yes', ['Done.'], 'complete'],
      ['yes', ['Done.'], 'complete'],
    ]);
    expect(toolsOf(bed.exported()[0]?.parts ?? []).map((tool) => tool.summary)).toEqual(['ls']);
    expect(bed.exported()[0]?.parts.find((part) => part.kind === 'tool-result')).toMatchObject({ isError: true });
    expect(bed.audit.drift()).toBe(0);
  });

  it('of 2025 has its prompts in events and no ids of turns', () => {
    const rollout = new RolloutWriter().meta({ cli_version: '0.46.0', source: 'cli' });
    rollout.message('user', '<environment_context>\n<cwd>/x</cwd>\n</environment_context>');
    rollout.legacyTurn(null, 'continue', ['One.', 'Two.', 'One.']).legacyTurn(null, 'continue', ['Three.']);

    expect(saidOf(...rollout.lines)).toEqual([
      ['continue', ['One.', 'Two.', 'One.'], 'complete'],
      ['continue', ['Three.'], 'complete'],
    ]);
  });

  it('of a version before the events has its prompts among the model items, and counts none twice', () => {
    const rollout = new RolloutWriter().meta({ cli_version: '0.31.0' });
    rollout.message('user', '# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\nBe terse.\n</INSTRUCTIONS>');
    rollout.message('user', 'Hello').message('assistant', 'Hi.');
    rollout.message('user', 'Again').event('user_message', { message: 'Again' });
    rollout.event('agent_message', { message: 'Hi.' }).message('assistant', 'Hi.');

    expect(saidOf(...rollout.lines)).toEqual([
      ['Hello', ['Hi.'], 'complete'],
      ['Again', ['Hi.'], 'complete'],
    ]);
  });

  it('of legacy and paginated histories says the same', () => {
    const meta = { cli_version: '0.130.0' };
    const legacy = new RolloutWriter().meta({ ...meta, history_mode: 'legacy' });
    const paginated = new RolloutWriter().meta({ ...meta, history_mode: 'paginated' });
    for (const [index, prompt] of ['First', 'Second'].entries()) {
      legacy.legacyTurn(turnAt(10 + index), prompt, ['A.', 'B.']);
      paginated.turn(turnAt(10 + index), prompt, ['A.', 'B.']);
    }

    expect(saidOf(...legacy.lines)).toEqual(saidOf(...paginated.lines));
    expect(saidOf(...legacy.lines)).toEqual([
      ['First', ['A.', 'B.'], 'complete'],
      ['Second', ['A.', 'B.'], 'complete'],
    ]);
  });

  it('that was rewritten from legacy to paginated changes nothing', () => {
    const legacy = new RolloutWriter().meta().legacyTurn(turnAt(10), 'First', ['A.', 'B.']);
    const paginated = new RolloutWriter().meta({ history_mode: 'paginated' }).turn(turnAt(10), 'First', ['A.', 'B.']);
    using bed = new AgentBed('codex');
    bed.write(FILE, legacy.lines);
    bed.write(`~2/${FILE}`, paginated.lines);

    expect(said(bed)).toEqual([['First', ['A.', 'B.'], 'complete']]);
  });

  it('that holds events and items of the same turn counts each once', () => {
    const turn = turnAt(10);
    const rollout = new RolloutWriter().meta().event('task_started', { turn_id: turn });
    rollout.item(turn, 'UserMessage', { id: 'u', content: [{ type: 'text', text: 'Both' }] });
    rollout.event('user_message', { message: 'Both' });
    rollout.item(turn, 'AgentMessage', { id: 'm', content: [{ type: 'Text', text: 'Once.' }] });
    rollout.event('agent_message', { message: 'Once.' }).event('task_complete', { turn_id: turn });

    expect(saidOf(...rollout.lines)).toEqual([['Both', ['Once.'], 'complete']]);
  });

  it('keeps the request of what an editor wrapped', () => {
    const wrapped =
      '# Context from my IDE setup:\n\n## Active file: a.ts\n\n## My request for Codex:\nFix it, please.\n';
    const rollout = new RolloutWriter().meta().legacyTurn(turnAt(10), wrapped, ['Fixed.']);
    rollout.turn(turnAt(20), 'Say "## My request for Codex:" twice.', ['No.']);

    expect(saidOf(...rollout.lines)).toEqual([
      ['Fix it, please.', ['Fixed.'], 'complete'],
      ['Say "## My request for Codex:" twice.', ['No.'], 'complete'],
    ]);
  });

  it.each([
    [
      'interrupted',
      (it: RolloutWriter, turn: string) => it.event('turn_aborted', { turn_id: turn, reason: 'interrupted' }),
      'interrupted',
    ],
    [
      'replaced',
      (it: RolloutWriter, turn: string) => it.event('turn_aborted', { turn_id: turn, reason: 'replaced' }),
      'interrupted',
    ],
    [
      'refused by the service',
      (it: RolloutWriter, turn: string) => it.event('task_complete', { turn_id: turn, error: { message: 'no' } }),
      'error',
    ],
    [
      'ended under the newer name',
      (it: RolloutWriter, turn: string) => it.event('turn_complete', { turn_id: turn }),
      'complete',
    ],
    ['cut off by a kill', (it: RolloutWriter) => it, 'open'],
  ] as const)('tells a turn that was %s', (_, end, state) => {
    const turn = turnAt(10);
    const rollout = new RolloutWriter().meta().event('turn_started', { turn_id: turn });
    rollout.item(turn, 'UserMessage', { id: 'u', content: [{ type: 'text', text: 'Go' }] });
    end(rollout, turn);

    expect(saidOf(...rollout.lines)).toEqual([['Go', [], state]]);
  });

  it('ends the turn of a client that was killed when the next prompt comes', () => {
    const turn = turnAt(10);
    const rollout = new RolloutWriter().meta().event('task_started', { turn_id: turn });
    rollout.item(turn, 'UserMessage', { id: 'u', content: [{ type: 'text', text: 'Go' }] });
    rollout.turn(turnAt(20), 'Next', ['Yes.']);

    expect(saidOf(...rollout.lines)).toEqual([
      ['Go', [], 'interrupted'],
      ['Next', ['Yes.'], 'complete'],
    ]);
  });

  it('gives a prompt that was sent into a running turn an exchange of its own, with what follows', () => {
    const turn = turnAt(10);
    const rollout = new RolloutWriter().meta().event('task_started', { turn_id: turn });
    rollout.item(turn, 'UserMessage', { id: 'u1', content: [{ type: 'text', text: 'Count' }] });
    rollout.item(turn, 'AgentMessage', { id: 'm1', content: [{ type: 'Text', text: 'One.' }], phase: 'commentary' });
    rollout.item(turn, 'UserMessage', { id: 'u2', content: [{ type: 'text', text: 'Faster' }] });
    rollout.item(turn, 'AgentMessage', { id: 'm2', content: [{ type: 'Text', text: 'Two.' }] });
    rollout.event('task_complete', { turn_id: turn });

    expect(saidOf(...rollout.lines)).toEqual([
      ['Count', ['One.'], 'interrupted'],
      ['Faster', ['Two.'], 'complete'],
    ]);
  });

  it('shows tools with their results, and a compaction where it happened', () => {
    const turn = turnAt(10);
    const rollout = new RolloutWriter().meta().event('task_started', { turn_id: turn });
    rollout.item(turn, 'UserMessage', { id: 'u', content: [{ type: 'text', text: 'Work' }] });
    rollout.response('function_call', { name: 'exec_command', arguments: '{"cmd":"npm test"}', call_id: 'c1' });
    rollout.response('function_call_output', { call_id: 'c1', output: 'Process exited with code 2\nOutput:\n' });
    rollout.response('custom_tool_call', {
      name: 'apply_patch',
      input: '*** Begin Patch\n*** Update File: a.ts\n',
      call_id: 'c2',
    });
    rollout.response('custom_tool_call_output', { call_id: 'c2', output: 'ok' });
    rollout.response('web_search_call', { id: 'ws', action: { type: 'search', query: 'zstd' } });
    rollout.line('compacted', { message: 'What was said.', replacement_history: [] });
    rollout.event('task_complete', { turn_id: turn });
    using bed = new AgentBed('codex');
    bed.write(FILE, rollout.lines);

    const { parts, prompt } = only(bed);
    expect(prompt).toBe('Work');
    expect(toolsOf(parts).map(({ name, summary }) => [name, summary])).toEqual([
      ['exec_command', 'npm test'],
      ['apply_patch', 'a.ts'],
      ['web_search', 'zstd'],
    ]);
    expect(parts.flatMap((part) => (part.kind === 'tool-result' ? [part.isError] : []))).toEqual([true, false]);
    expect(parts.flatMap((part) => (part.kind === 'notice' ? [part.notice] : []))).toEqual(['compacted']);
  });

  it('marks the turns that a person took back, and keeps them', () => {
    const rollout = new RolloutWriter().meta();
    for (const [index, prompt] of ['One', 'Two', 'Three'].entries()) rollout.turn(turnAt(10 + index), prompt, ['Yes.']);
    rollout.event('thread_rolled_back', { num_turns: 2 });
    rollout.turn(turnAt(20), 'Other', ['No.']).event('thread_rolled_back', { num_turns: 99 });
    using bed = new AgentBed('codex');
    bed.write(FILE, rollout.lines, () => 300);
    const taken = (): readonly unknown[] =>
      bed.exported().map(({ prompt, isAbandoned }) => [prompt, isAbandoned ?? false]);
    const meant = [
      ['One', false],
      ['Two', true],
      ['Three', true],
      ['Other', false],
    ];

    expect(taken()).toEqual(meant);
    bed.readAgain([FILE], () => 1);
    expect(taken()).toEqual(meant);
  });

  it('keeps what it does not know, counts it as drift and goes on', () => {
    const rollout = new RolloutWriter().meta().turn(turnAt(10), 'Go', ['Gone.']);
    rollout.line('hologram', { type: 'x', text: 'Beam me up' }).event('telepathy', { message: 'Hm' });
    rollout.item(turnAt(10), 'Dream', { id: 'd', text: 'Zzz' }).response('song', { role: 'user', text: 'La' });
    rollout.lines.push({ timestamp: 'when?', payload: null }, { what: 1 });
    rollout.turn(turnAt(20), 'On', ['Yes.']);
    using bed = new AgentBed('codex');
    bed.write(FILE, rollout.lines);

    expect(said(bed)).toEqual([
      ['Go', ['Gone.'], 'complete'],
      ['On', ['Yes.'], 'complete'],
    ]);
    expect(bed.audit.drift()).toBe(6);
    expect(bed.figures.deadLetters(10)).toEqual([]);
  });

  it('takes the fuller copy of an answer that was written in part first', () => {
    const turn = turnAt(10);
    const whole = `${'A long answer that is written twice. '.repeat(4)}The end.`;
    const rollout = new RolloutWriter().meta().event('task_started', { turn_id: turn });
    rollout.item(turn, 'UserMessage', { id: 'u', content: [{ type: 'text', text: 'Go' }] });
    rollout.item(turn, 'AgentMessage', { id: 'm', content: [{ type: 'Text', text: whole.slice(0, 80) }] });
    rollout.item(turn, 'AgentMessage', { id: 'm', content: [{ type: 'Text', text: whole }] });

    expect(saidOf(...rollout.lines)).toEqual([['Go', [whole], 'complete']]);
  });
});

describe('the place of a rollout', () => {
  it.each([
    ['below the date', rolloutFile(THREAD), THREAD],
    ['without folders of dates', rolloutFile(THREAD, 'sessions'), THREAD],
    ['in the archive', rolloutFile(THREAD, 'archived_sessions'), THREAD],
    ['taken back to an earlier turn', rolloutFile(`${THREAD}_${idAt(START + 9, 'b')}`), THREAD],
    ['of no known form', 'sessions/2026/11/22/rollout-mine.jsonl', 'mine'],
  ])('%s gives its session', (_, file, session) => {
    using bed = new AgentBed('codex');
    bed.write(file, new RolloutWriter().meta().turn(turnAt(10), 'Go', ['Gone.']).lines);

    expect(only(bed)).toMatchObject({ sessionId: session, project: '/home/ana/work', prompt: 'Go' });
  });

  it('is the same session, compressed or plain, in either order', () => {
    const name = 'rollout-2026-11-22T06-45-12-01a20200-6fec-7073-85d1-b86a9473886e.jsonl';
    const folder = 'sessions/2026/11/22';
    const plain = readFileSync(path.join(fixtureTree('codex-0.169.0'), 'home/.codex', folder, name));
    const compressed = readFileSync(path.join(fixtureTree('codex-compressed'), `${name}.zst`));
    const seen = [['plain'], ['compressed'], ['plain', 'compressed'], ['compressed', 'plain']].map((order) => {
      using bed = new AgentBed('codex');
      for (const form of order) {
        const file = `${folder}/${name}${form === 'plain' ? '' : '.zst'}`;
        bed.append(file, form === 'plain' ? plain : compressed);
        bed.saveAll(bed.segmentsOf(file));
      }
      expect(bed.audit.duplicates()).toBe(0);
      const { exchanges, sessions, counters } = meaningOf(bed.database);
      return { exchanges, sessions, counters };
    });

    expect(seen[0]?.exchanges).toHaveLength(4);
    for (const other of seen.slice(1)) expect(other).toEqual(seen[0]);
  });

  it('gives what stands in a compressed file before it is cut off', () => {
    const name = 'rollout-2026-11-22T06-45-12-01a20200-6fec-7073-85d1-b86a9473886e.jsonl.zst';
    const compressed = readFileSync(path.join(fixtureTree('codex-compressed'), name));
    using bed = new AgentBed('codex');
    // Two frames, the second one cut: whatever was whole before the cut is read.
    bed.append(`sessions/${name}`, Buffer.concat([compressed, compressed.subarray(0, compressed.length - 100)]));
    bed.append('sessions/rollout-x.jsonl.zst', 'no such thing');
    bed.saveAll([...bed.segmentsOf(`sessions/${name}`), ...bed.segmentsOf('sessions/rollout-x.jsonl.zst')]);

    expect(bed.exported()).toHaveLength(4);
    expect(bed.figures.deadLetters(10).map(({ reason }) => reason)).toEqual(['damaged', 'damaged']);
  });
});

describe('copies of a thread', () => {
  const parent = new RolloutWriter().meta({ history_mode: 'paginated' });
  parent.turn(turnAt(10), 'Base', ['Ground.']).turn(turnAt(20), 'More', ['Floor.', 'Floor.']);
  const FORK = idAt(START + 100_000, 'c3');
  const fork = new RolloutWriter(FORK, START + 100_000).meta({ forked_from_id: THREAD }).copyOf(parent.lines);
  fork.turn(idAt(START + 110_000, 'f3'), 'Elsewhere', ['Roof.']);

  const SUB = idAt(START + 50_000, 'd4');
  const source = { subagent: { thread_spawn: { parent_thread_id: THREAD, depth: 1 } } };
  const inherited = new RolloutWriter(SUB, START + 50_000).meta({ source, session_id: THREAD }).copyOf(parent.lines);
  inherited.turn(idAt(START + 51_000, 'f4'), 'Look for leaks', ['None.']);

  const files: Readonly<Record<string, RolloutWriter>> = {
    [FILE]: parent,
    [rolloutFile(FORK)]: fork,
    [rolloutFile(SUB)]: inherited,
  };

  it.each([
    ['parent first', [0, 1, 2]],
    ['parent last', [1, 2, 0]],
    ['subagent first', [2, 1, 0]],
  ])('stand once, in the session in which they were asked (%s)', (_, order) => {
    using bed = new AgentBed('codex');
    for (const index of order) {
      const [file, rollout] = Object.entries(files)[index] ?? ['', parent];
      bed.write(file, rollout.lines, () => 700);
    }
    const found = bed.exported().map((it) => [it.sessionId, it.prompt, answersOf(it.parts), it.isSubagent]);

    expect(found).toEqual([
      [THREAD, 'Base', ['Ground.'], false],
      [THREAD, 'More', ['Floor.', 'Floor.'], false],
      [THREAD, 'Look for leaks', ['None.'], true],
      [FORK, 'Elsewhere', ['Roof.'], false],
    ]);
    expect(bed.exported()[0]?.sessionIds.toSorted()).toEqual([THREAD, FORK].toSorted());
    expect(bed.exported()[2]).toMatchObject({ subagentId: SUB, sessionIds: [THREAD] });
    expect(bed.audit.duplicates()).toBe(0);
  });

  it('stand in the fork when the parent is gone', () => {
    using bed = new AgentBed('codex');
    bed.write(rolloutFile(FORK), fork.lines);

    expect(bed.exported().map(({ sessionId, prompt }) => [sessionId, prompt])).toEqual([
      [FORK, 'Base'],
      [FORK, 'More'],
      [FORK, 'Elsewhere'],
    ]);
  });

  it('of versions without ids of turns are recognised by their words', () => {
    const old = new RolloutWriter().meta({ cli_version: '0.60.0' });
    old.legacyTurn(null, 'Base', ['Ground.']).legacyTurn(null, 'More', ['Floor.']);
    const copy = new RolloutWriter(FORK, START + 100_000).meta({ cli_version: '0.60.0', forked_from_id: THREAD });
    copy.copyOf(old.lines).legacyTurn(null, 'Elsewhere', ['Roof.']);
    using bed = new AgentBed('codex');
    bed.write(rolloutFile(FORK), copy.lines);
    bed.write(FILE, old.lines);

    expect(bed.exported().map(({ sessionId, prompt, parts }) => [sessionId, prompt, answersOf(parts)])).toEqual([
      [THREAD, 'Base', ['Ground.']],
      [THREAD, 'More', ['Floor.']],
      [FORK, 'Elsewhere', ['Roof.']],
    ]);
  });

  it('are not what a subagent gets as a letter from its parent', () => {
    const thread = new RolloutWriter(SUB, START + 50_000).meta({ source, parent_thread_id: THREAD });
    const turn = idAt(START + 51_000, 'f4');
    const letter = { author: '/root', recipient: '/root/x', content: 'Find the bug', trigger_turn: true };
    thread.line('inter_agent_communication', letter).event('task_started', { turn_id: turn });
    thread.response('agent_message', { author: '/root', content: [{ type: 'input_text', text: 'Find the bug' }] });
    thread.item(turn, 'AgentMessage', { id: 'm', content: [{ type: 'Text', text: 'Found.' }] });
    thread.event('task_complete', { turn_id: turn });
    using bed = new AgentBed('codex');
    bed.write(rolloutFile(SUB), thread.lines);

    expect(only(bed)).toMatchObject({ prompt: 'Find the bug', isSubagent: true, sessionId: THREAD, state: 'complete' });
    expect(answersOf(only(bed).parts)).toEqual(['Found.']);
    expect(bed.figures.positions().map(({ session }) => session)).toEqual([THREAD]);
  });

  it('are never taken for a prompt when agents write to the main thread', () => {
    const turn = turnAt(10);
    const rollout = new RolloutWriter().meta().turn(turn, 'Go', ['Sent.']);
    rollout.line('inter_agent_communication', {
      author: '/root/x',
      recipient: '/root',
      content: 'Found.',
      trigger_turn: true,
    });
    rollout.message('user', '<subagent_notification>{}</subagent_notification>');

    expect(saidOf(...rollout.lines)).toEqual([['Go', ['Sent.'], 'complete']]);
  });
});

describe('what Codex keeps beside its rollouts', () => {
  it('is the prompt history, against which the rollouts are checked', () => {
    using bed = new AgentBed('codex');
    bed.write(FILE, new RolloutWriter().meta().turn(turnAt(10), 'Kept', ['Yes.']).lines);
    const ts = START / 1000 + 11;
    bed.write('history.jsonl', [
      { session_id: THREAD, ts, text: 'Kept' },
      { session_id: THREAD, ts, text: '/model' },
      { session_id: THREAD, ts, text: '!ls' },
      { session_id: THREAD, ts, text: 'Lost' },
    ]);

    expect(new CaptureGap(bed.database).count(START + 86_400_000)).toBe(1);
  });

  it('are the names that people gave their sessions', () => {
    using bed = new AgentBed('codex');
    bed.write(FILE, new RolloutWriter().meta().turn(turnAt(10), 'Go', ['Gone.']).lines);
    bed.write('session_index.jsonl', [
      { id: THREAD, thread_name: 'First name', updated_at: '2026-11-22T09:00:00.000000000Z' },
      { id: THREAD, thread_name: 'Second name', updated_at: '2026-11-22T09:01:00.000000000Z' },
    ]);

    expect(bed.reader.sessions(10, 0, null).map(({ title }) => title)).toEqual(['Second name']);
  });
});
