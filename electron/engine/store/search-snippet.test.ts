import { expect, it } from 'vitest';
import { HIT_END, HIT_START } from '../../../shared/exchange.ts';
import { searchTerms } from './search-query.ts';
import { snippetOf } from './search-snippet.ts';

const marked = (query: string, ...texts: string[]): string | null =>
  snippetOf(texts, searchTerms(query))?.replaceAll(HIT_START, '[').replaceAll(HIT_END, ']') ?? null;

it('a snippet marks whole words in the case in which they stand', () => {
  expect(marked('cat', 'Concatenate the Cat.')).toBe('Concatenate the [Cat].');
});

it('a snippet marks a part of a word where no whole word stands', () => {
  expect(marked('cat', 'Concatenate.')).toBe('Con[cat]enate.');
});

it('a snippet shows the place where most of the words stand together', () => {
  const filler = 'and so on '.repeat(40);
  expect(marked('retry queue', `retry ${filler} a queue with retry ${filler}`)).toContain('a [queue] with [retry]');
});

it('a snippet marks phrases, beginnings and characters between letters', () => {
  expect(marked('"flaky retry" upl*', 'A flaky  retry of the Upload')).toBe('A [flaky  retry] of the [Upload]');
  expect(marked('fn(x)->y', 'call fn(x)->y now')).toBe('call [fn(x)->y] now');
});

it('there is no snippet where nothing stands as it was typed', () => {
  expect(marked('naive', 'naïve')).toBeNull();
  expect(marked('-x', 'x')).toBeNull();
});

it('a long text is cut at words', () => {
  const text = `${'before '.repeat(30)}otter${' after'.repeat(60)}`;
  expect(marked('otter', text)).toMatch(/^…before before .*\[otter\] after .*…$/u);
});
