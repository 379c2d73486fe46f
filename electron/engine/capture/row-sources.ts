import type { FollowOutcome } from './transcript-tailer.ts';

/** What keeps its conversations as rows instead of files of lines: databases, and stores of many small files. */
export interface RowSources {
  /** The source to look at when something happened to this path; null: none. */
  sourceOf(changedPath: string): string | null;
  /** Every source that is there now. */
  list(): Promise<readonly string[]>;
  /** Brings the mirror of one up to date. @param thorough compares every row with the mirror */
  follow(source: string, thorough: boolean): Promise<FollowOutcome>;
  /** What cannot be read right now, with a sentence for people. */
  failures(): readonly { readonly path: string; readonly reason: string }[];
}
