import { describe, expect, it } from 'vitest';
import type { Exchange, ExchangePart } from '../../../shared/exchange.ts';
import { toExported, toJsonLine } from './jsonl.ts';

const text = (words: string): ExchangePart => ({ kind: 'text', text: words, messageId: 'm', record: 'r' });
const tool = (name: string): ExchangePart => ({
  kind: 'tool',
  name,
  summary: 'ls',
  useId: 'u',
  messageId: 'm',
  record: 'r',
});

const exchange: Exchange = {
  key: 'k1',
  agent: 'claude-code',
  sessionId: 's1',
  sessionIds: ['s1', 's2'],
  project: '/home/ana/work',
  prompt: 'What is here?\n  (keep the spaces)  ',
  parts: [
    { kind: 'thinking', text: 'hidden', messageId: 'm', record: 'r' },
    text('Let me look.'),
    tool('Bash'),
    { kind: 'tool-result', useId: 'u', isError: false, sizeBytes: 10, record: 'r' },
    { kind: 'notice', notice: 'compacted', text: 'compacted', record: 'r' },
    tool('Read'),
    tool('Bash'),
    text('Three files.'),
  ],
  state: 'complete',
  startedAt: 1_700_000_000_123,
  endedAt: null,
  revision: 8,
  isSubagent: false,
  subagentId: null,
};

describe('toExported', () => {
  it('has exactly the documented fields, in order', () => {
    expect(Object.entries(toExported(exchange))).toEqual([
      ['id', 'k1'],
      ['agent', 'claude-code'],
      ['session_id', 's1'],
      ['session_ids', ['s1', 's2']],
      ['project', '/home/ana/work'],
      ['prompt', 'What is here?\n  (keep the spaces)  '],
      ['answers', ['Let me look.', 'Three files.']],
      ['tools', [{ name: 'Bash' }, { name: 'Read' }, { name: 'Bash' }]],
      ['state', 'complete'],
      ['started_at', '2023-11-14T22:13:20.123Z'],
      ['is_subagent', false],
    ]);
  });

  it('gives no time where none is known or none can be', () => {
    expect(toExported({ ...exchange, startedAt: null }).started_at).toBeNull();
    expect(toExported({ ...exchange, startedAt: 9e15 }).started_at).toBeNull();
    expect(toExported({ ...exchange, startedAt: Number.NaN }).started_at).toBeNull();
  });

  it('keeps an empty answer block and an answer without any', () => {
    expect(toExported({ ...exchange, parts: [text('')] }).answers).toEqual(['']);
    expect(toExported({ ...exchange, parts: [] })).toMatchObject({ answers: [], tools: [] });
  });
});

describe('toJsonLine', () => {
  it('stays on one line and gives the text back unaltered', () => {
    const prompt = 'a\r\nb\u2028c\u0000d \u{1F6A2} "e" \\';

    const line = toJsonLine({ ...exchange, prompt });

    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toMatchObject({ prompt });
  });
});
