/** The sentence that answers "is everything safe?", and the line below it. */
import type { LampState, StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import { texts } from '../texts/en.ts';
import { highestAlarm, alarmSentence } from './alarms.ts';
import { formatBytes, formatClock, formatCount, formatDuration, formatTime } from './format.ts';
import type { Freshness } from './freshness.ts';
import { jobProgressText } from './job.ts';
import { openChecks, safetyOf } from './safety.ts';
import { overallLamp } from './stages.ts';

export interface HeaderView {
  readonly lamp: LampState;
  readonly sentence: string;
  readonly support: string;
}

/** Parts in the order in which a stop of them is worse for what has not been captured yet. */
const WORST_FIRST = ['transcripts', 'watcher', 'archive', 'store', 'consumer', 'queue'] as const;

export function headerView(snapshot: StatusSnapshot | null, freshness: Freshness, now: EpochMs): HeaderView {
  if (snapshot === null) {
    const isLost = freshness === 'lost';
    return {
      lamp: 'unknown',
      sentence: isLost ? texts.header.lost : texts.header.waiting,
      support: isLost ? texts.header.lostAtOnce : texts.header.waitingSupport,
    };
  }
  if (freshness === 'lost') {
    return {
      lamp: 'unknown',
      sentence: texts.header.lost,
      support: texts.header.lostSupport(formatClock(snapshot.at)),
    };
  }
  return {
    lamp: overallLamp(snapshot.overall, freshness),
    sentence: sentenceOf(snapshot),
    support: supportOf(snapshot, now),
  };
}

function sentenceOf(snapshot: StatusSnapshot): string {
  const { overall, pause, disk } = snapshot;
  if (overall === 'starting') return texts.header.starting;
  if (overall === 'stopping') return texts.header.stopping;
  if (disk.level === 'held') return texts.header.held(formatBytes(disk.freeBytes));
  if (overall === 'error') return `${stoppedPart(snapshot)} ${faultPromise(snapshot)}`;
  if (pause.paused) {
    return pause.until === null ? texts.header.paused : texts.header.pausedUntil(formatTime(pause.until));
  }
  return `${isRecording(snapshot) ? texts.header.recording : texts.header.notRecording} ${
    overall === 'warn' ? warningCause(snapshot) : calmPromise(snapshot)
  }`;
}

function isRecording(snapshot: StatusSnapshot): boolean {
  return [snapshot.transcripts, snapshot.watcher, snapshot.archive].every(
    ({ health }) => health.state === 'healthy' || health.state === 'degraded',
  );
}

function stoppedPart(snapshot: StatusSnapshot): string {
  const failed = WORST_FIRST.find((name) => snapshot[name].health.state === 'failed');
  if (failed !== undefined) return texts.header.stopped[failed];
  const alarm = highestAlarm(snapshot.alarms);
  return alarm === null ? texts.header.fault : alarmSentence(alarm);
}

function faultPromise(snapshot: StatusSnapshot): string {
  const { depth } = snapshot.queue;
  switch (safetyOf(snapshot)) {
    case 'saved':
      return texts.header.saved;
    case 'kept':
      return depth === null || depth === 0
        ? texts.header.nothingLost
        : texts.header.waitingMessages(depth, formatCount(depth));
    case 'unproven':
      return texts.header.unproven;
  }
}

function calmPromise(snapshot: StatusSnapshot): string {
  switch (safetyOf(snapshot)) {
    case 'saved':
      return texts.header.saved;
    case 'kept':
      return texts.header.savingNow;
    case 'unproven':
      return texts.header.unproven;
  }
}

function warningCause(snapshot: StatusSnapshot): string {
  const alarm = highestAlarm(snapshot.alarms);
  for (const name of WORST_FIRST) {
    const { state, reason } = snapshot[name].health;
    if (state === 'degraded' && reason !== null && reason !== 'PAUSED') return texts.reasons[reason];
  }
  return alarm === null ? texts.header.warning : alarmSentence(alarm);
}

/** The truth behind the sentence: a promise where the sentence has none, else what is still open; then figures. */
function supportOf(snapshot: StatusSnapshot, now: EpochMs): string {
  const { store, job, queue, overall, pause } = snapshot;
  const lastSave =
    store.lastSaveAt === null ? texts.header.noSaveYet : texts.header.lastSave(formatDuration(now - store.lastSaveAt));
  const isWaiting = (queue.depth ?? 0) > 0 && overall !== 'error' && !snapshot.safety.allSaved;
  const parts = [
    ...(overall === 'error' && pause.paused ? [texts.header.pausedNow] : []),
    ...promises(snapshot),
    ...(job?.state === 'running' ? [jobProgressText(job)] : []),
    lastSave,
    ...(isWaiting ? [texts.header.waitingCount(queue.depth ?? 0, formatCount(queue.depth))] : []),
    texts.header.conversations(store.sessions, formatCount(store.sessions)),
    texts.header.running(formatDuration(now - snapshot.startedAt)),
  ];
  return capitalised(parts.slice(0, 4).join(texts.separator));
}

function promises(snapshot: StatusSnapshot): readonly string[] {
  const open = openChecks(snapshot);
  if (snapshot.disk.level === 'held') return [texts.header.heldSupport];
  if (snapshot.pause.paused || snapshot.overall === 'starting' || snapshot.overall === 'stopping') return [];
  if (open.length > 0) return open.map((check) => texts.checks[check]);
  if (snapshot.overall !== 'warn') return [];
  return [withoutStop(snapshot.safety.allSaved ? texts.header.saved : texts.header.nothingLost)];
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
