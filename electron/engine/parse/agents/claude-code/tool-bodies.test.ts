import { expect, it } from 'vitest';
import { ClaudeCodeAdapter } from '../claude-code.ts';

const bodies = (content: unknown): unknown =>
  new ClaudeCodeAdapter().readBodies(Buffer.from(JSON.stringify({ type: 'user', message: { content } })));

it('the input of a command is the command', () => {
  const input = { command: 'ls -l', description: 'List' };
  expect(bodies([{ type: 'tool_use', id: 't', name: 'Bash', input }])).toEqual([
    { kind: 'input', useId: 't', text: 'ls -l' },
  ]);
});

it('any other input is shown with its fields', () => {
  const input = { command: 'ls', timeout: 5 };
  expect(bodies([{ type: 'tool_use', id: 't', name: 'Bash', input }])).toEqual([
    { kind: 'input', useId: 't', text: JSON.stringify(input, null, 2) },
  ]);
});

it('an output is whole, whatever its form', () => {
  const long = 'x'.repeat(50_000);
  const blocks = [
    { type: 'text', text: long },
    { type: 'image', source: {} },
    { type: 'text', text: 'end' },
  ];
  expect(
    bodies([
      { type: 'tool_result', tool_use_id: 'a', content: long },
      { type: 'tool_result', tool_use_id: 'b', content: blocks },
      { type: 'tool_result', tool_use_id: 'c' },
    ]),
  ).toEqual([
    { kind: 'output', useId: 'a', text: long },
    { kind: 'output', useId: 'b', text: `${long}\n[image]\nend` },
    { kind: 'output', useId: 'c', text: '' },
  ]);
});

it.each(['{', 'null', '{"message":5}', '{"message":{"content":"text"}}'])('%j holds no body', (line) => {
  expect(new ClaudeCodeAdapter().readBodies(Buffer.from(line))).toEqual([]);
});
