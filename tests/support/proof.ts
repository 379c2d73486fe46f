import { expect } from 'vitest';

/** What the API and the command line report alike. */
interface Proof {
  readonly missing: number;
  readonly duplicated: number;
  readonly drift: number;
  readonly missingRecords: readonly string[];
  /** Exit code, of a command. */
  readonly code?: number | null;
}

/** Nothing missing, nothing twice; a command says so with its exit code as well. */
export function expectClean({ missing, duplicated, drift, missingRecords, code = 0 }: Proof): void {
  const clean = { missing: 0, duplicated: 0, drift: 0, missingRecords: [], code: 0 };
  expect({ missing, duplicated, drift, missingRecords, code }).toEqual(clean);
}
