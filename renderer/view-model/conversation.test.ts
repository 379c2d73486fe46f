import { describe, expect, it } from 'vitest';
import type { ExchangePart } from '../../shared/exchange.ts';
import { HIT_END, HIT_START } from '../../shared/exchange.ts';
import { blocksOf, pageAround, snippetPieces } from './conversation.ts';

const text = (words: string): ExchangePart => ({ kind: 'text', text: words, messageId: null, record: 'r' });
const result = (isError: boolean): ExchangePart => ({
  kind: 'tool-result',
  useId: null,
  isError,
  sizeBytes: 1,
  record: 'r',
});

describe('Blocks of an exchange', () => {
  it('keep the order and fold neighbouring steps', () => {
    const blocks = blocksOf({ parts: [result(false), result(true), text('a'), result(false), text('b')] });

    expect(blocks.map((block) => (block.kind === 'steps' ? [block.steps.length, block.errors] : block.kind))).toEqual([
      [2, 1],
      'text',
      [1, 0],
      'text',
    ]);
  });

  it('are none for an exchange without an answer', () => {
    expect(blocksOf({ parts: [] })).toEqual([]);
  });
});

describe('Snippets', () => {
  it('are cut at the marks', () => {
    expect(snippetPieces(`a ${HIT_START}b${HIT_END} c ${HIT_START}d${HIT_END}`)).toEqual([
      { text: 'a ', isHit: false },
      { text: 'b', isHit: true },
      { text: ' c ', isHit: false },
      { text: 'd', isHit: true },
    ]);
  });

  it('lose no text when a mark is cut off', () => {
    const join = (snippet: string) =>
      snippetPieces(snippet)
        .map((piece) => piece.text)
        .join('');

    expect(join(`a ${HIT_START}b`)).toBe('a b');
    expect(join(`a${HIT_END} b`)).toBe('a b');
  });
});

describe('Pages of a conversation', () => {
  const keys = Array.from({ length: 120 }, (_, index) => `k${index}`);

  it('begin at the beginning, or shortly before what was searched', () => {
    expect(pageAround(keys, null)).toEqual({ from: 0, to: 50 });
    expect(pageAround(keys, 'k80')).toEqual({ from: 70, to: 120 });
    expect(pageAround(keys, 'gone')).toEqual({ from: 0, to: 50 });
    expect(pageAround([], null)).toEqual({ from: 0, to: 0 });
  });
});
