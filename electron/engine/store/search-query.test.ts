import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asksForParts, searchTerms, substringExpression, withTags, wordExpression } from './search-query.ts';

const ANYWHERE = '{prompt answer tools}';

describe('the words of a search', () => {
  it('are words, phrases as they stand, beginnings, and what is not wanted', () => {
    expect(wordExpression(searchTerms('fix "flaky retry" upl* -draft'), null)).toBe(
      `(${ANYWHERE} : ("fix" AND "flaky retry" AND "upl"*)) NOT (${ANYWHERE} : ("draft"))`,
    );
  });

  it('may have to stand in the prompt', () => {
    expect(wordExpression(searchTerms('otter'), 'prompt')).toBe('{prompt} : ("otter")');
  });

  it('are none without a letter or digit', () => {
    expect(wordExpression(searchTerms('  -- "" * '), null)).toBeNull();
    expect(wordExpression(searchTerms('-draft'), null)).toBeNull();
  });

  it('are looked up three characters at a time when parts of words are meant', () => {
    expect(substringExpression(searchTerms('日本語で'), null)).toBe(`${ANYWHERE} : ("日本語" AND "本語で")`);
    expect(substringExpression(searchTerms('ab'), null)).toBeNull();
  });

  it.each([
    ['東京', true],
    ['foo->bar', true],
    ['fs.watch', true],
    ['plain words', false],
    ['-x.y plain', false],
  ])('%j asks for parts of words: %s', (input, isSo) => {
    expect(asksForParts(searchTerms(input))).toBe(isSo);
  });

  it('never make a query that SQLite refuses', () => {
    const database = new Sqlite(':memory:');
    database.exec(`CREATE VIRTUAL TABLE words USING fts5 (prompt, answer, tools, tags);
      CREATE VIRTUAL TABLE parts USING fts5 (prompt, answer, tools, content = '', contentless_delete = 1, detail = 'column', tokenize = 'trigram')`);
    const words = database.prepare('SELECT count(*) FROM words WHERE words MATCH ?');
    const parts = database.prepare('SELECT count(*) FROM parts WHERE parts MATCH ?');
    const input = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', '*', '-', 'a', ' ', '(', ':', '^', '日', '\0') }),
    );

    fc.assert(
      fc.property(input, fc.constantFrom(null, 'prompt' as const, 'answer' as const), (text, role) => {
        const terms = searchTerms(text);
        expect(() => words.get(withTags(wordExpression(terms, role), ['hascode']))).not.toThrow();
        expect(() => parts.get(substringExpression(terms, role) ?? '"abc"')).not.toThrow();
      }),
      { numRuns: 2000 },
    );
    database.close();
  });
});
