import { describe, expect, it } from 'vitest';
import { countTests, summaryText, totalLine } from './test-summary.ts';

function report(...files: readonly (readonly string[])[]): unknown {
  return {
    testResults: files.map((statuses, file) => ({
      name: `file-${file}.test.ts`,
      status: statuses.includes('failed') ? 'failed' : 'passed',
      assertionResults: statuses.map((status, test) => ({ status, fullName: `${file} ${test}` })),
    })),
  };
}

describe('countTests', () => {
  it('counts tests over all files', () => {
    expect(countTests(report(['passed', 'passed'], ['passed', 'failed']), 1)).toEqual({
      passed: 3,
      failed: 1,
      remarks: [],
    });
  });

  it.each(['skipped', 'pending', 'todo'])('counts a test that was %s as failed and names it', (status) => {
    expect(countTests(report(['passed', status]), 0)).toEqual({
      passed: 1,
      failed: 1,
      remarks: ['did not run: 0 1'],
    });
  });

  it('counts a file that did not load', () => {
    const broken = { testResults: [{ name: 'x.test.ts', status: 'failed', assertionResults: [] }] };

    expect(countTests(broken, 1)).toEqual({ passed: 0, failed: 1, remarks: ['did not load: x.test.ts'] });
  });

  it('fails without a report, without a test, and with an error outside of the tests', () => {
    expect(countTests(null, 0).failed).toBe(1);
    expect(countTests({}, 0).failed).toBe(1);
    expect(countTests(report(), 0)).toMatchObject({ failed: 1, remarks: ['there are no tests'] });
    expect(countTests(report(['passed']), 1)).toMatchObject({ passed: 1, failed: 1 });
  });
});

describe('summaryText', () => {
  it('ends with one line over everything', () => {
    const results = [
      { name: 'lint', passed: 1, failed: 0, seconds: 9.6, remarks: [] },
      { name: 'unit', passed: 40, failed: 2, seconds: 20, remarks: ['did not run: a'] },
      { name: 'desktop', passed: 0, failed: 1, seconds: 0, remarks: ['could not run: b'] },
    ];

    expect(summaryText(results).split('\n').at(-1)).toBe('41 passed, 3 failed');
    expect(summaryText(results)).toContain('could not run: b');
    expect(totalLine([])).toBe('0 passed, 0 failed');
  });
});
