import { describe, expect, it } from 'vitest';
import type { ImportReport, JobView, VerifyReport } from '../../shared/status.ts';
import { NOW } from '../test-support/quiet-snapshot.ts';
import { jobPercent, jobProgressText, jobSentence, reportFailures, reportRows } from './job.ts';

const running: JobView = {
  id: 'j1',
  kind: 'resync',
  state: 'running',
  startedAt: NOW,
  endedAt: null,
  phase: 'archiving',
  doneBytes: 0,
  totalBytes: 0,
  doneFiles: 0,
  totalFiles: 0,
  report: null,
  error: null,
};
const counted = { files: 4, bytes: 2000, records: 30, exchanges: 5, subagentExchanges: 1, quarantined: 1 };
const proof: VerifyReport = {
  kind: 'verify',
  ...counted,
  missing: 0,
  duplicated: 0,
  drift: 2,
  missingBytes: [],
  missingRecords: [],
  unreadable: [],
};
const report: ImportReport = {
  kind: 'resync',
  ...counted,
  imported: 1,
  skipped: 2,
  failed: 1,
  newRecords: 3,
  failures: [{ path: 'a.jsonl', reason: 'Permission denied' }],
  proof,
};

describe('Jobs', () => {
  it('tell their share by bytes, else by files, else not at all', () => {
    expect(jobPercent({ ...running, doneBytes: 1, totalBytes: 4, doneFiles: 1, totalFiles: 1 })).toBe(25);
    expect(jobPercent({ ...running, doneFiles: 1, totalFiles: 2 })).toBe(50);
    expect(jobPercent(running)).toBeNull();
    expect(jobProgressText(running)).toBe('Resync running');
    expect(jobProgressText({ ...running, doneBytes: 1999, totalBytes: 2000 })).toBe('Resync 99 %');
  });

  it('end with what became of every file, and the proof', () => {
    const done: JobView = { ...running, state: 'done', endedAt: NOW, report };

    expect(jobSentence(done)).toMatch(
      /^Resync done \d\d:\d\d\. 1 imported, 2 unchanged, 1 failed\. Proof: 0 missing, 0 duplicated$/,
    );
    expect(reportRows(report).map((row) => row.value)).toEqual([
      '4',
      '2 kB',
      '30',
      '5',
      '1',
      '1',
      '2',
      '1',
      '3',
      '1',
      '0',
      '0',
      '2',
    ]);
    expect(reportFailures(report, 5)).toEqual([{ path: 'a.jsonl', reason: 'Permission denied' }]);
  });

  it('say why they failed', () => {
    const error = { code: 'STORE_FULL', message: 'The disk is full.' };

    expect(jobSentence({ ...running, state: 'failed', endedAt: NOW, error })).toMatch(
      /^Resync failed .*The disk is full\.$/,
    );
  });
});
