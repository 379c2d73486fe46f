import { displayWidth, fit } from './display-width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Gives way when the table is wider than the terminal. One column at most. */
  readonly shrinks?: boolean;
}

const GAP = '  ';
const LEAST_SHRUNK = 10;

/**
 * Lines of a table, aligned by what a terminal shows and not by the number of characters.
 * @param columnsAvailable width of the terminal; null: as wide as it gets
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  columnsAvailable: number | null,
): readonly string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[index] ?? ''))),
  );
  const shrinking = columns.findIndex(({ shrinks }) => shrinks === true);
  if (columnsAvailable !== null && shrinking >= 0) {
    const others = widths.reduce((sum, width, index) => (index === shrinking ? sum : sum + width + GAP.length), 0);
    widths[shrinking] = Math.min(widths[shrinking] ?? 0, Math.max(LEAST_SHRUNK, columnsAvailable - others));
  }
  const lineOf = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => pad(fit(cells[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, align ?? 'left'))
      .join(GAP)
      .trimEnd();
  return [columns.map(({ title }) => title), ...rows].map(lineOf);
}

/** Pairs of a word and its value, the values aligned. */
export function pairLines(pairs: readonly (readonly [name: string, value: string])[]): readonly string[] {
  const width = Math.max(0, ...pairs.map(([name]) => displayWidth(name)));
  return pairs.map(([name, value]) => `${pad(name, width, 'left')}${GAP}${value}`.trimEnd());
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}
