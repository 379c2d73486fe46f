import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { AgentAdapter } from '../agent-adapter.ts';
import { CodexAdapter } from './codex.ts';
import { CopilotCliAdapter } from './copilot-cli.ts';
import { CursorAdapter } from './cursor.ts';

const FIXTURES = fileURLToPath(new URL('../../../../tests/fixtures', import.meta.url));
const NAME = 'rollout-2026-11-22T06-45-12-01a20200-6fec-7073-85d1-b86a9473886e.jsonl';

const codex = new CodexAdapter();
const copilot = new CopilotCliAdapter();
const cursor = new CursorAdapter();

const item = (payload: object): object => ({ timestamp: '2026-11-22T09:00:00.000Z', type: 'response_item', payload });
const said = (...content: readonly object[]): object => ({ role: 'assistant', message: { content } });

it.each([
  [codex, item({ type: 'function_call', call_id: 'c', arguments: '{"cmd":"ls"}' }), 'input', 'ls'],
  [
    codex,
    item({ type: 'function_call', call_id: 'c', arguments: '{"cmd":"ls","tty":1}' }),
    'input',
    '{\n  "cmd": "ls",\n  "tty": 1\n}',
  ],
  [codex, item({ type: 'function_call', call_id: 'c', arguments: 'not JSON' }), 'input', 'not JSON'],
  [codex, item({ type: 'custom_tool_call', call_id: 'c', input: '*** Begin Patch' }), 'input', '*** Begin Patch'],
  [codex, item({ type: 'function_call_output', call_id: 'c', output: 'done' }), 'output', 'done'],
  [
    codex,
    item({
      type: 'custom_tool_call_output',
      call_id: 'c',
      output: [{ type: 'input_text', text: 'a' }, { type: 'input_image' }],
    }),
    'output',
    'a\n[input_image]',
  ],
  [
    codex,
    item({ type: 'function_call_output', call_id: 'c', output: { content: 'ok', success: true } }),
    'output',
    'ok',
  ],
  [codex, { type: 'function_call_output', call_id: 'c', output: 'bare' }, 'output', 'bare'],
  [copilot, { type: 'tool.execution_start', data: { toolCallId: 'c', arguments: { command: 'ls' } } }, 'input', 'ls'],
  [
    copilot,
    { type: 'assistant.message', data: { toolRequests: [{ toolCallId: 'c', arguments: { path: 'a' } }] } },
    'input',
    '{\n  "path": "a"\n}',
  ],
  [
    copilot,
    {
      type: 'tool.execution_complete',
      data: { toolCallId: 'c', result: { content: 'short', detailedContent: 'long' } },
    },
    'output',
    'long',
  ],
  [copilot, { type: 'tool.execution_complete', data: { toolCallId: 'c', error: { message: 'no' } } }, 'output', 'no'],
  [cursor, said({ type: 'tool_use', id: 'c', input: { command: 'ls' } }), 'input', 'ls'],
  [cursor, said({ type: 'tool_result', tool_use_id: 'c', content: 'done' }), 'output', 'done'],
] as const)('%o: what a tool was told and what it said is read whole', (adapter: AgentAdapter, line, kind, text) => {
  const context = adapter.contextOf('x/y/z', 'z');

  expect(adapter.readBodies(Buffer.from(JSON.stringify(line)), context)).toEqual([{ kind, useId: 'c', text }]);
  expect(adapter.readBodies(Buffer.from('{'), context)).toEqual([]);
});

it('a compressed rollout has its records where they stand in the plain one', () => {
  const plain = readFileSync(path.join(FIXTURES, 'codex-0.169.0/home/.codex/sessions/2026/11/22', NAME));
  const compressed = readFileSync(path.join(FIXTURES, 'codex-compressed', `${NAME}.zst`));

  expect(codex.unpack(compressed, `sessions/${NAME}.zst`)).toEqual(plain);
  expect(codex.unpack(plain, `sessions/${NAME}`)).toBeNull();
});
