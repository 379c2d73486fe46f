import { describe, expect, it } from 'vitest';
import type { Exchange, ExchangePart } from '../../shared/exchange.ts';
import { exchangeOf } from '../engine/api/test-support/fake-engine.ts';
import { exchangeLines } from './exchange-text.ts';

const at = { messageId: 'm', record: 'r' };
const tool = (name: string): ExchangePart => ({ kind: 'tool', name, summary: `${name} it`, useId: 'u', ...at });
const parts: readonly ExchangePart[] = [
  { kind: 'thinking', text: 'first\nsecond', ...at },
  tool('Bash'),
  { kind: 'tool-result', useId: 'u', isError: true, sizeBytes: 12, record: 'r' },
  tool('Bash'),
  tool('Read'),
  { kind: 'text', text: 'One.', ...at },
  { kind: 'text', text: 'Two.', ...at },
  { kind: 'notice', notice: 'interrupted', text: 'by the person', record: 'r' },
];

describe('exchangeLines', () => {
  it('folds tools and thinking between prompt and answer', () => {
    const lines = exchangeLines(exchangeOf({ parts }), false);

    expect(lines.slice(2)).toEqual([
      'What is here?',
      '  · thought, Bash ×2, Read',
      '',
      '--- Agent',
      'One.',
      'Two.',
      '  · interrupted',
      '    by the person',
    ]);
  });

  it('says how an exchange stands, unless it is complete and went on', () => {
    const headOf = (more: Partial<Exchange>) => exchangeLines(exchangeOf(more), false)[1];

    expect(headOf({ state: 'complete' })).not.toContain('(');
    expect(headOf({ state: 'interrupted' })).toContain('(interrupted)');
    expect(headOf({ state: 'complete', isAbandoned: true })).toContain('(taken back)');
    expect(headOf({ state: 'error', isAbandoned: true })).toContain('(error, taken back)');
  });

  it('unfolds them when asked', () => {
    const lines = exchangeLines(exchangeOf({ parts }), true);

    expect(lines.slice(3, 10)).toEqual([
      '  · thinking',
      '    first',
      '    second',
      '  · Bash: Bash it',
      expect.stringMatching(/^ {4}failed, 12/),
      '  · Bash: Bash it',
      '  · Read: Read it',
    ]);
  });

  it('says who asked, and how it ended if not well', () => {
    expect(exchangeLines(exchangeOf({ isSubagent: true, state: 'interrupted' }), false)[1]).toMatch(
      /^--- Subagent task, .* \(interrupted\)$/,
    );
    expect(exchangeLines(exchangeOf(), false)[1]).toMatch(/^--- You, [^(]*$/);
  });
});
