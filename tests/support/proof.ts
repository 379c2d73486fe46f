import { expect } from 'vitest';
import type { VerifyReport } from './report-schemas.ts';

/** Nothing missing, nothing twice, and the command said so with its exit code. */
export function expectClean(report: VerifyReport & { readonly code: number | null }): void {
  const { missing, duplicated, drift, missingRecords, code } = report;
  expect({ missing, duplicated, drift, missingRecords, code }).toEqual({
    missing: 0,
    duplicated: 0,
    drift: 0,
    missingRecords: [],
    code: 0,
  });
}
