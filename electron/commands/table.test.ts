import { describe, expect, it } from 'vitest';
import { displayWidth } from './display-width.ts';
import { pairLines, tableLines } from './table.ts';

describe('tableLines', () => {
  const columns = [{ title: 'NAME' }, { title: 'N', align: 'right' }, { title: 'TITLE', shrinks: true }] as const;

  it('aligns columns by what a terminal shows', () => {
    const lines = tableLines(
      columns,
      [
        ['日本', '5', 'a'],
        ['x', '1000', 'b'],
      ],
      null,
    );

    expect(lines).toEqual(['NAME     N  TITLE', '日本     5  a', 'x     1000  b']);
  });

  it('cuts the column that may shrink to the width of the terminal', () => {
    const lines = tableLines(columns, [['x', '1', 'a very long title that does not fit']], 30);

    expect(lines[1]).toBe('x     1  a very long title th…');
    expect(Math.max(...lines.map(displayWidth))).toBe(30);
  });

  it('keeps a little of that column on the narrowest terminal', () => {
    expect(tableLines(columns, [['x', '1', 'abcdefghijklmnop']], 5)[1]).toBe('x     1  abcdefghi…');
  });
});

describe('pairLines', () => {
  it('aligns the values', () => {
    expect(
      pairLines([
        ['a', '1'],
        ['long', '2'],
        ['none', ''],
      ]),
    ).toEqual(['a     1', 'long  2', 'none']);
    expect(pairLines([])).toEqual([]);
  });
});
