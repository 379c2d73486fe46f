import type { BackupReport, ImportReport, RebuildReport, RestoreReport, VerifyReport } from '../../shared/status.ts';
import { bytesText, countText } from './figures.ts';
import { plainLine } from './plain-text.ts';
import { pairLines } from './table.ts';

const MOST_DETAILS = 20;

/** Whether a verification found the promise kept: everything there, everything once. */
export function isProven(report: VerifyReport): boolean {
  return (
    report.missing === 0 &&
    report.duplicated === 0 &&
    report.missingBytes.length === 0 &&
    report.missingRecords.length === 0
  );
}

export function importLines(report: ImportReport): readonly string[] {
  const { proof } = report;
  return [
    ...pairLines([
      ...amounts(report),
      ['imported', countText(report.imported)],
      ['skipped', countText(report.skipped)],
      ['failed', countText(report.failed)],
      ['new records', countText(report.newRecords)],
      ['quarantined', countText(report.quarantined)],
    ]),
    ...details(
      'failed',
      report.failures.map(({ path, reason }) => `${path}: ${reason}`),
      report.failed,
    ),
    ...(proof === null ? [] : ['', 'Proof:', ...verifyLines(proof)]),
  ];
}

export function verifyLines(report: VerifyReport): readonly string[] {
  return [
    ...pairLines([
      ...amounts(report),
      ['missing', countText(report.missing)],
      ['duplicated', countText(report.duplicated)],
      ['quarantined', countText(report.quarantined)],
      ['drift', countText(report.drift)],
    ]),
    ...details(
      'missing bytes',
      report.missingBytes.map(({ path, offset }) => `${path} from byte ${countText(offset)}`),
    ),
    ...details('missing record', report.missingRecords),
    ...details(
      'unreadable',
      report.unreadable.map(({ path, reason }) => `${path}: ${reason}`),
    ),
    isProven(report)
      ? 'Everything on disk is saved, each record once.'
      : 'Something is missing or there twice: "holdfast resync --all" reads everything again.',
  ];
}

export function restoreLines(report: RestoreReport): readonly string[] {
  return [
    ...report.written.map(({ path, bytes }) => `written    ${plainLine(path)} (${bytesText(bytes)})`),
    ...report.unchanged.map((path) => `unchanged  ${plainLine(path)}`),
    ...report.conflicts.map((path) => `conflict   ${plainLine(path)} (other content is there; it was left alone)`),
  ];
}

export function backupLines({ backup }: BackupReport): readonly string[] {
  const held = backup.exchanges === null ? '' : `, ${countText(backup.exchanges)} exchanges`;
  return [`${backup.name} (${bytesText(backup.bytes)}${held}), read through and found good`];
}

export function rebuildLines(report: RebuildReport): readonly string[] {
  const { backup, setAside } = report;
  return [
    ...pairLines([
      ['began with', backup ?? 'the archive alone'],
      ...amounts(report),
      ['quarantined', countText(report.quarantined)],
      ['taken over', `${countText(report.salvaged)} rows of the old database`],
    ]),
    setAside === null
      ? 'There was no database before.'
      : `The old database is kept: ${plainLine(setAside)}. Nobody needs it any more; delete it when you like.`,
  ];
}

type Pair = readonly [name: string, value: string];

function amounts(report: ImportReport | VerifyReport | RebuildReport): readonly Pair[] {
  return [
    ['files', countText(report.files)],
    ['bytes', `${countText(report.bytes)} (${bytesText(report.bytes)})`],
    ['records', countText(report.records)],
    ['exchanges', exchangesText(report)],
  ];
}

function exchangesText({ exchanges, subagentExchanges }: ImportReport | VerifyReport | RebuildReport): string {
  const more = subagentExchanges === 0 ? '' : ` (and ${countText(subagentExchanges)} of subagents)`;
  return `${countText(exchanges)}${more}`;
}

/** @param total how many there are, where the list may be shorter */
function details(what: string, all: readonly string[], total: number = all.length): readonly string[] {
  const shown = all.slice(0, MOST_DETAILS).map((detail) => `${what}: ${plainLine(detail)}`);
  const left = Math.max(total, all.length) - shown.length;
  return left > 0 && shown.length > 0 ? [...shown, `${what}: and ${countText(left)} more`] : shown;
}
