import type { ImportReport, JobReport, JobView, RebuildReport } from '../../shared/status.ts';
import { texts } from '../texts/en.ts';
import { NO_FIGURE, formatBytes, formatCount, formatTime } from './format.ts';

/** Share of a job that is done, 0…100; null while its size is not known. Bytes say more than files, which differ in size. */
export function jobPercent(job: JobView): number | null {
  if (job.totalBytes > 0) return Math.min(100, (100 * job.doneBytes) / job.totalBytes);
  if (job.totalFiles > 0) return Math.min(100, (100 * job.doneFiles) / job.totalFiles);
  return null;
}

/** `Resync 62 %`. */
export function jobProgressText(job: JobView): string {
  const percent = jobPercent(job);
  const kind = texts.jobs.kinds[job.kind];
  return percent === null
    ? texts.jobs.progressUnknown(kind)
    : texts.jobs.progress(kind, formatCount(Math.floor(percent)));
}

/** What a running job does, or what became of it. */
export function jobSentence(job: JobView): string {
  const kind = texts.jobs.kinds[job.kind];
  if (job.state === 'running') {
    return texts.jobs.running(texts.jobs.phases[job.phase], formatCount(job.doneFiles), formatCount(job.totalFiles));
  }
  const end = texts.jobs.ended[job.state](kind, formatTime(job.endedAt));
  if (job.error !== null) return `${end} ${job.error.message}`;
  return job.report === null ? end : `${end} ${reportSummary(job.report)}`;
}

function reportSummary(report: JobReport): string {
  switch (report.kind) {
    case 'import':
    case 'resync': {
      const { imported, skipped, failed, proof } = report;
      const summary = texts.jobs.importSummary(formatCount(imported), formatCount(skipped), formatCount(failed));
      return proof === null ? summary : `${summary}. ${texts.jobs.proof(reportSummary(proof))}`;
    }
    case 'verify':
      return texts.jobs.verifySummary(formatCount(report.missing), formatCount(report.duplicated));
    case 'restore':
      return texts.jobs.restoreSummary(formatCount(report.written.length), formatCount(report.conflicts.length));
    case 'backup':
      return texts.jobs.backupSummary(report.backup.name, formatBytes(report.backup.bytes));
    case 'rebuild':
    case 'backup-restore':
      return texts.jobs.rebuildSummary(formatCount(report.exchanges));
  }
}

export interface ReportRow {
  readonly name: string;
  readonly value: string;
}

const MEASURED = ['records', 'exchanges', 'subagentExchanges'] as const;
const IMPORTED = ['imported', 'skipped', 'failed', 'newRecords', 'quarantined'] as const;
const PROVEN = ['missing', 'duplicated', 'quarantined', 'drift'] as const;

/** Every figure of a closing report, in its own words. */
export function reportRows(report: JobReport): readonly ReportRow[] {
  const { fields } = texts.jobs;
  if ('setAside' in report) return rebuildRows(report);
  if (report.kind === 'restore') {
    return [
      { name: fields.written, value: formatCount(report.written.length) },
      { name: fields.unchanged, value: formatCount(report.unchanged.length) },
      { name: fields.conflicts, value: formatCount(report.conflicts.length) },
    ];
  }
  if (report.kind === 'backup') {
    return [
      { name: fields.backup, value: report.backup.name },
      { name: fields.bytes, value: formatBytes(report.backup.bytes) },
    ];
  }
  const what = report.kind === 'verify' ? PROVEN.map((field) => row(field, report[field])) : importRows(report);
  return [
    row('files', report.files),
    { name: fields.bytes, value: formatBytes(report.bytes) },
    ...MEASURED.map((field) => row(field, report[field])),
    ...what,
  ];
}

function rebuildRows(report: RebuildReport): readonly ReportRow[] {
  const { fields } = texts.jobs;
  return [
    { name: fields.backup, value: report.backup ?? fields.fromArchive },
    { name: fields.setAside, value: report.setAside ?? NO_FIGURE },
    row('files', report.files),
    { name: fields.bytes, value: formatBytes(report.bytes) },
    ...MEASURED.map((field) => row(field, report[field])),
    row('quarantined', report.quarantined),
    row('salvaged', report.salvaged),
  ];
}

function importRows(report: ImportReport): readonly ReportRow[] {
  const proof = report.proof;
  const proven = proof === null ? [] : PROVEN.filter((field) => field !== 'quarantined');
  return [
    ...IMPORTED.map((field) => row(field, report[field])),
    ...proven.map((field) => row(field, proof?.[field] ?? null)),
  ];
}

function row(field: keyof typeof texts.jobs.fields, count: number | null): ReportRow {
  return { name: texts.jobs.fields[field], value: formatCount(count) };
}

/** Files that could not be read, with the reason, at most `most` of them. */
export function reportFailures(report: JobReport, most: number): readonly { path: string; reason: string }[] {
  if (report.kind === 'verify') return report.unreadable.slice(0, most);
  return 'failures' in report ? report.failures.slice(0, most) : [];
}
