import { describe, expect, it } from 'vitest';
import type { ExchangePart } from '../../../shared/exchange.ts';
import type { ParsedRecord } from '../../../shared/record.ts';
import { answersOf, mergeParts, toolsOf } from './exchange-parts.ts';

function spoken(key: string, text: string, messageId: string | null = 'm1'): ExchangePart {
  return { kind: 'text', text, messageId, record: key };
}

function tool(key: string, useId: string): ExchangePart {
  return { kind: 'tool', name: 'Bash', summary: useId, useId, messageId: 'm1', record: key };
}

function record(key: string, parts: readonly ExchangePart[], parentKey: string | null = null): ParsedRecord {
  return {
    key,
    parts,
    parentKey,
    type: 'assistant',
    isKnownType: true,
    sessionId: 's',
    at: null,
    cwd: null,
    lane: 'main',
    role: 'member',
    prompt: null,
    signal: null,
    title: null,
    history: null,
  };
}

function merged(...records: readonly ParsedRecord[]): readonly ExchangePart[] {
  return records.reduce<readonly ExchangePart[]>(mergeParts, []);
}

const LONG = 'a sentence that is long enough to be no coincidence';

describe('records of one message', () => {
  it('with a block each are added up, in order', () => {
    const parts = merged(
      record('a', [spoken('a', 'one')], 'p'),
      record('b', [spoken('b', 'two')], 'a'),
      record('c', [tool('c', 't1')], 'b'),
    );

    expect(answersOf(parts)).toEqual(['one', 'two']);
    expect(toolsOf(parts).map((part) => part.useId)).toEqual(['t1']);
  });

  it('with the same words in blocks that follow each other keep both', () => {
    const parts = merged(
      record('a', [spoken('a', 'Yes')], 'p'),
      record('b', [spoken('b', 'Yes')], 'a'),
      record('c', [spoken('c', 'Yes, and')], 'b'),
    );

    expect(answersOf(parts)).toEqual(['Yes', 'Yes', 'Yes, and']);
  });

  it('that grow from line to line show their last state once, in the first place', () => {
    const parts = merged(
      record('a', [spoken('a', LONG)]),
      record('b', [spoken('b', `${LONG}, and`)]),
      record('c', [spoken('c', `${LONG}, and more`), tool('c', 't1')]),
      record('d', [spoken('d', `${LONG}, and more`), tool('d', 't1'), spoken('d', 'the end')]),
    );

    expect(parts.map((part) => part.kind)).toEqual(['text', 'tool', 'text']);
    expect(answersOf(parts)).toEqual([`${LONG}, and more`, 'the end']);
  });

  it('that grow and are chained show their last state once', () => {
    expect(
      answersOf(merged(record('a', [spoken('a', LONG)], 'p'), record('b', [spoken('b', `${LONG}!`)], 'a'))),
    ).toEqual([`${LONG}!`]);
  });

  it('that come again shorter lose nothing', () => {
    expect(answersOf(merged(record('a', [spoken('a', `${LONG}!`)]), record('b', [spoken('b', LONG)])))).toEqual([
      `${LONG}!`,
    ]);
  });

  it('with two equal blocks in one record keep both', () => {
    const twice = record('a', [spoken('a', 'x'), spoken('a', 'x')]);

    expect(answersOf(merged(twice))).toEqual(['x', 'x']);
    expect(answersOf(merged(twice, { ...twice, key: 'b' }))).toEqual(['x', 'x']);
  });
});

describe('records of different messages', () => {
  it.each([['m2'], [null]])('(%s) never replace each other', (other) => {
    const parts = merged(record('a', [spoken('a', LONG)]), record('b', [spoken('b', LONG, other)]));

    expect(answersOf(parts)).toEqual([LONG, LONG]);
  });
});
