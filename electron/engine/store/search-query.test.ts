import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toFtsQuery } from './search-query.ts';

describe('toFtsQuery', () => {
  it('asks for every word, phrases as they stand, and the beginnings of words', () => {
    expect(toFtsQuery('fix "flaky retry" upl* -draft')).toBe('("fix" AND "flaky retry" AND "upl"*) NOT ("draft")');
  });

  it('gives up on input without a letter or digit', () => {
    expect(toFtsQuery('  -- "" * ')).toBeNull();
  });

  it('never makes a query that SQLite refuses', () => {
    const database = new Sqlite(':memory:');
    database.exec('CREATE VIRTUAL TABLE t USING fts5 (a)');
    const search = database.prepare('SELECT count(*) FROM t WHERE t MATCH ?');

    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('"', '*', '-', 'a', ' ', '(', ':', '^') }),
        ),
        (input) => {
          const query = toFtsQuery(input) ?? '"nothing"';
          expect(() => search.get(query)).not.toThrow();
        },
      ),
      { numRuns: 2000 },
    );
    database.close();
  });
});
