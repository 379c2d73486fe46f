import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaudeCodeAdapter } from '../claude-code.ts';
import { withoutToolOutput } from './tool-output.ts';

const SESSION = '0b9a3c44-51d2-4b7e-9f51-3d1f1f0a0001';
const FIXTURE = path.resolve(import.meta.dirname, '../../../../../tests/fixtures/claude-code-2.1.197');

const fast = new ClaudeCodeAdapter();
const full = new ClaudeCodeAdapter((line) => line);

function expectSame(line: Buffer, relativePath = `projects/-p/${SESSION}.jsonl`): void {
  const context = full.contextOf(`claude-code/claude-1/${relativePath}`, relativePath);
  expect(fast.parseLine(line, context)).toEqual(full.parseLine(line, context));
}

const long = 'a line of output with "quotes", \\ and \n breaks, ü and 🙂. '.repeat(60);

function result(content: unknown, more: object = {}): Buffer {
  const block = { tool_use_id: 'toolu_1', type: 'tool_result', content };
  const message = { role: 'user', content: [block] };
  return Buffer.from(JSON.stringify({ type: 'user', uuid: 'u-1', message, sessionId: SESSION, ...more }));
}

/** Anything that JSON can say, with strings long enough to be taken out. */
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 1.5, '', 'content', long, `${long}\u0001\u2028\uD800`),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('content', 'source', 'type', 'text', 'toolUseResult', 'message', 'x'), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value;

describe('a line without what tools printed', () => {
  it('is shorter by the content of a result and by its copy', () => {
    const line = result(long, { toolUseResult: { stdout: long, stderr: '', interrupted: false } });

    expect(withoutToolOutput(line).toString()).toBe(
      result('', { toolUseResult: { stdout: '', stderr: '', interrupted: false } }).toString(),
    );
  });

  it('keeps what a person said along with a result', () => {
    const words = 'Please look at this again. '.repeat(100);
    const block = { tool_use_id: 'toolu_1', type: 'tool_result', content: long };
    const content = [block, { type: 'text', text: words }];
    const line = result('', { message: { role: 'user', content } });

    expect(withoutToolOutput(line).toString()).toContain(words);
    expectSame(line);
  });

  it('is the line itself for an answer, however long', () => {
    const content = [{ type: 'text', text: `"tool_result" ${long}` }];
    const line = Buffer.from(JSON.stringify({ type: 'assistant', uuid: 'a-1', message: { id: 'm', content } }));

    expect(withoutToolOutput(line).length).toBe(line.length);
    expectSame(line);
  });

  it.each([
    ['an unknown escape', '\\x'],
    ['half an escape', '\\u12'],
    ['a raw control character', '\u0007'],
    ['a raw tab', '\t'],
    ['the end of the string', '"'],
    ['another record', `{"type":"user","uuid":"u-2"}`],
  ])('is as malformed as before with %s in the output', (_, damage) => {
    const text = result(long).toString();
    const at = text.indexOf('ü');
    expectSame(Buffer.from(text.slice(0, at) + damage + text.slice(at)));
  });

  it('means the same, whatever a result holds', () => {
    fc.assert(
      fc.property(anything, anything, (content, toolUseResult) => {
        expectSame(result(content, { toolUseResult, padding: long }));
      }),
      { numRuns: 300 },
    );
  });

  it('means the same, or is as malformed, with any byte changed', () => {
    const line = result([{ type: 'text', text: long.slice(0, 900) }], { toolUseResult: { file: { content: long } } });
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const damaged = Buffer.from(line);
        damaged[at] = byte;
        expectSame(damaged);
      }),
      { numRuns: 2000 },
    );
  });

  it('means the same, or is as malformed, cut off anywhere', () => {
    const line = result(long, { toolUseResult: long });
    for (let end = 0; end < line.length; end += 7) expectSame(line.subarray(0, end));
  });

  it('means the same for every line of a real client', () => {
    const names = readdirSync(FIXTURE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
    let lines = 0;
    for (const name of names) {
      for (const line of readFileSync(path.join(FIXTURE, name), 'latin1').split('\n')) {
        expectSame(Buffer.from(line, 'latin1'), `projects/${name}`);
        lines += 1;
      }
    }
    expect(lines).toBeGreaterThan(500);
  });
});
