/** How tools and thinking are written out. `folded`: there, but closed until somebody looks (in Markdown: one line). */
export type Detail = 'folded' | 'full' | 'none';

export interface ExportDetail {
  readonly tools: Detail;
  readonly thinking: Detail;
}

/** Largest distance from 1970 that a date can hold, in ms. */
const MOST_MS = 8.64e15;

/** `2026-03-01 09:30 UTC`; empty when it is not known. A document is read in other places than where it was made. */
export function timeOf(at: number | null): string {
  if (at === null || !(Math.abs(at) <= MOST_MS)) return '';
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
