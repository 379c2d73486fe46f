/**
 * What an adapter remembers from line to line of one file, kept with the file's committed position: short texts by names that
 * begin with `~`. For agents that say only once which session and which turn the lines after it belong to. The same line
 * may be read twice (a tail, a replay): remembering it again must change nothing.
 */
export type Marks = Readonly<Record<string, string>>;

/** The mark that names the session to which the whole file belongs, where its place does not or not rightly. */
export const SESSION_MARK = '~session';

/** What is different after a line; null forgets. */
export type MarkChanges = Readonly<Record<string, string | null>>;

/** @param changes undefined: nothing changes */
export function withMarks(marks: Marks, changes: MarkChanges | undefined): Marks {
  if (changes === undefined) return marks;
  const all = Object.entries({ ...marks, ...changes });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}
