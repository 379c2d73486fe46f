/** Adds up what the stages found. */
import { z } from 'zod';

export interface StageResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** Why more failed than single tests did: one sentence each. */
  readonly remarks: readonly string[];
}

/** What of a report of vitest's JSON reporter is used. */
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly remarks: readonly string[];
}

/**
 * Counts of a run of tests. What did not run counts as failed, so that a total without failures means that everything ran:
 * a skipped test, a file that did not load, a run that ended before its report, an error outside of any test.
 * @param report parsed JSON of vitest's reporter; null: there is none
 */
export function countTests(report: unknown, exitCode: number): Counts {
  const parsed = reportSchema.safeParse(report);
  if (!parsed.success) return { passed: 0, failed: 1, remarks: ['the tests ended without a report'] };
  const files = parsed.data.testResults;
  const assertions = files.flatMap((file) => file.assertionResults);
  const passed = assertions.filter((test) => test.status === 'passed').length;
  const failed = assertions.filter((test) => test.status === 'failed').length;
  const notRun = assertions.filter((test) => test.status !== 'passed' && test.status !== 'failed');
  const broken = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed));
  const remarks = [
    ...notRun.map((test) => `did not run: ${test.fullName}`),
    ...broken.map((file) => `did not load: ${file.name}`),
  ];
  if (assertions.length === 0 && remarks.length === 0) remarks.push('there are no tests');
  if (exitCode !== 0 && failed + remarks.length === 0) remarks.push('an error outside of the tests; see above');
  return { passed, failed: failed + remarks.length, remarks };
}

function isFailed(test: { readonly status: string }): boolean {
  return test.status === 'failed';
}

/** The end of the run's output; its last line is `N passed, N failed`. */
export function summaryText(results: readonly StageResult[]): string {
  const width = Math.max(...results.map((result) => result.name.length));
  const lines = results.flatMap((result) => [
    [
      result.failed === 0 ? 'ok    ' : 'FAILED',
      result.name.padEnd(width),
      `${result.passed} passed`.padStart(12),
      `${result.failed} failed`.padStart(10),
      `${result.seconds.toFixed(0)} s`.padStart(7),
    ].join(' '),
    ...result.remarks.map((remark) => `         ${remark}`),
  ]);
  return [...lines, '', totalLine(results)].join('\n');
}

export function totalLine(results: readonly StageResult[]): string {
  const total = (count: (result: StageResult) => number): number =>
    results.reduce((sum, result) => sum + count(result), 0);
  return `${total((result) => result.passed)} passed, ${total((result) => result.failed)} failed`;
}
