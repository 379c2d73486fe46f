/** Health as rows: the checks, and the measured facts beside them. */
import type { HealthCheck, HealthReport, LampState, StatusSnapshot, StoreRecovery } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import { texts } from '../texts/en.ts';
import { NO_FIGURE, formatBytes, formatClock, formatCount, formatDuration, formatMillis } from './format.ts';

export interface CheckView {
  readonly key: HealthCheck['name'];
  readonly name: string;
  readonly lamp: LampState;
  readonly word: string;
  readonly reason: string;
  readonly time: string;
}

const LAMPS = { pass: 'ok', warn: 'warn', fail: 'error' } as const satisfies Record<HealthCheck['status'], LampState>;

export function checkViews(report: HealthReport): readonly CheckView[] {
  return report.checks.map((check) => ({
    key: check.name,
    name: texts.health.names[check.name],
    lamp: LAMPS[check.status],
    word: texts.health.words[check.status],
    reason: check.reason,
    time: formatMillis(check.timeMs),
  }));
}

/** `Last check 16:42:01, 7 of 8 passed in 12 ms.` Checks run side by side, so the longest one is what it took. */
export function reportSentence(report: HealthReport | null): string {
  if (report === null) return texts.health.never;
  const passed = report.checks.filter((check) => check.status === 'pass').length;
  const took = Math.max(0, ...report.checks.map((check) => check.timeMs));
  return texts.health.last(
    formatClock(report.at),
    formatCount(passed),
    formatCount(report.checks.length),
    formatMillis(took),
  );
}

export interface FactGroup {
  readonly title: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
}

export function factGroups(snapshot: StatusSnapshot, now: EpochMs): readonly FactGroup[] {
  const ago = (at: EpochMs | null) => (at === null ? texts.health.notYet : texts.health.ago(formatDuration(now - at)));
  return [redisFacts(snapshot), captureFacts(snapshot, ago), savingFacts(snapshot, ago), upkeepFacts(snapshot, now)];
}

function redisFacts({ queue }: StatusSnapshot): FactGroup {
  const { server } = queue;
  const version = server.version ?? NO_FIGURE;
  const origin = server.origin === null ? '' : `, ${texts.health.origins[server.origin]}`;
  return {
    title: texts.health.redis,
    facts: [
      { name: texts.health.mode, value: texts.health.modes[queue.mode] },
      { name: texts.health.server, value: `${version}${origin}` },
      { name: texts.health.memory, value: formatBytes(server.memoryBytes) },
      { name: texts.health.aof, value: server.aof === null ? NO_FIGURE : texts.services.aofStates[server.aof] },
      { name: texts.health.restarts, value: formatCount(server.restarts) },
    ],
  };
}

function captureFacts(
  { transcripts, watcher, captureGap }: StatusSnapshot,
  ago: (at: EpochMs | null) => string,
): FactGroup {
  return {
    title: texts.health.capture,
    facts: [
      { name: texts.health.watchMode, value: texts.health.watchModes[watcher.mode] },
      { name: texts.health.directories, value: formatCount(watcher.watchedDirectories) },
      { name: texts.health.lastEvent, value: ago(watcher.lastEventAt) },
      { name: texts.health.lastReconcile, value: ago(watcher.lastReconcileAt) },
      { name: texts.health.blockedFiles, value: formatCount(transcripts.blockedFiles) },
      { name: texts.health.captureGap, value: formatCount(captureGap) },
    ],
  };
}

function savingFacts({ consumer, store }: StatusSnapshot, ago: (at: EpochMs | null) => string): FactGroup {
  return {
    title: texts.health.saving,
    facts: [
      { name: texts.health.p50, value: formatMillis(consumer.latencyP50Ms) },
      { name: texts.health.p95, value: formatMillis(consumer.latencyP95Ms) },
      { name: texts.health.p99, value: formatMillis(consumer.latencyP99Ms) },
      { name: texts.health.heartbeat, value: ago(consumer.lastBeatAt) },
      { name: texts.health.exchanges, value: formatCount(store.exchanges) },
      { name: texts.health.records, value: formatCount(store.records) },
      { name: texts.health.errorsThisHour, value: formatCount(store.errorsLastHour) },
    ],
  };
}

function upkeepFacts({ upkeep }: StatusSnapshot, now: EpochMs): FactGroup {
  const { backup, scrub } = upkeep;
  const ago = (at: EpochMs | null) => (at === null ? texts.health.notYet : texts.health.ago(formatDuration(now - at)));
  return {
    title: texts.health.upkeep,
    facts: [
      ...recoveryFacts(upkeep.recovery, now),
      { name: texts.health.lastBackup, value: backup.failure ?? ago(backup.lastAt) },
      { name: texts.health.backupsKept, value: formatCount(backup.kept) },
      { name: texts.health.scrubRound, value: progressOf(scrub.doneBytes, scrub.totalBytes) },
      { name: texts.health.lastRound, value: ago(scrub.lastRoundAt) },
      { name: texts.health.databaseChecked, value: ago(scrub.databaseCheckedAt) },
      { name: texts.health.repairedRanges, value: formatCount(scrub.repaired) },
      { name: texts.health.damagedRanges, value: formatCount(scrub.damaged) },
      ...scrub.damagedRanges.map(({ archivePath, start, end }, index) => ({
        name: texts.health.damagedRangeName(formatCount(index + 1)),
        value: texts.health.damagedRange(archivePath, formatCount(start), formatCount(end)),
      })),
    ],
  };
}

/** What happened, when, where the old file is, and how far the new one is. */
function recoveryFacts(recovery: StoreRecovery | null, now: EpochMs): FactGroup['facts'] {
  const { health } = texts;
  if (recovery === null) return [{ name: health.recovery, value: health.neverRecovered }];
  const age = formatDuration(now - recovery.at);
  const what = health.recovered(health.recoveries[recovery.cause], age, health.recoveryStates[recovery.state]);
  if (recovery.setAside === null) return [{ name: health.recovery, value: what }];
  return [
    { name: health.recovery, value: what },
    { name: health.oldFile, value: recovery.setAside },
    { name: health.beganWith, value: recovery.backup ?? health.archiveOnly },
    ...(recovery.state === 'catching-up'
      ? [{ name: health.progress, value: progressOf(recovery.doneBytes, recovery.totalBytes) }]
      : []),
  ];
}

function progressOf(done: number, total: number): string {
  return texts.health.progressOf(formatBytes(done), formatBytes(total));
}
