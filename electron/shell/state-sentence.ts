/** The state of the program in a few words, for the tray. Says first whether anything is lost, and never claims more. */
import type { ComponentHealth, HealthReason, StatusSnapshot } from '../../shared/status.ts';
import type { ClockTime } from './clock-time.ts';

type PartName = 'archive' | 'store' | 'consumer' | 'queue' | 'watcher' | 'transcripts';

/** In the order in which a failure matters for what is saved. */
const PARTS: readonly PartName[] = ['archive', 'store', 'consumer', 'queue', 'watcher', 'transcripts'];

const STOPPED: Readonly<Record<PartName, string>> = {
  archive: 'archive',
  store: 'SQLite saves',
  consumer: 'saving',
  queue: 'queue',
  watcher: 'watching the transcripts',
  transcripts: 'reading the transcripts',
};

/** The line in the menu: no counts, because a menu that is open is closed by every change of its text. */
export function stateLine(snapshot: StatusSnapshot, clockTime: ClockTime): string {
  switch (snapshot.overall) {
    case 'starting':
      return 'Starting';
    case 'stopping':
      return 'Stopping';
    case 'paused':
      return pausedSentence(snapshot, clockTime);
    case 'ok':
    case 'busy':
      return `Recording. ${savedSentence(snapshot, clockTime)}`;
    case 'warn':
      return `Warning: ${warning(snapshot, false)}.`;
    case 'error':
      return `Stopped: ${stoppedPart(snapshot)}.`;
  }
}

/** The tooltip, for example `Recording. 6 waiting. Saved 16:42.` */
export function stateTooltip(snapshot: StatusSnapshot, clockTime: ClockTime): string {
  const saved = savedSentence(snapshot, clockTime);
  switch (snapshot.overall) {
    case 'starting':
      return 'Starting. Checking what is safe.';
    case 'stopping':
      return 'Stopping. Finishing what has begun.';
    case 'paused':
      return `${pausedSentence(snapshot, clockTime)} Nothing is recorded.`;
    case 'ok':
    case 'busy':
      return `Recording. ${waiting(snapshot)}${saved}`;
    case 'warn':
      return `Warning: ${warning(snapshot, true)}. ${saved}`;
    case 'error':
      return `Stopped: ${stoppedPart(snapshot)}. ${safetySentence(snapshot)}`;
  }
}

function waiting(snapshot: StatusSnapshot): string {
  const depth = snapshot.queue.depth;
  return depth === null || depth === 0 ? '' : `${String(depth)} waiting. `;
}

function savedSentence(snapshot: StatusSnapshot, clockTime: ClockTime): string {
  const at = snapshot.store.lastSaveAt;
  return at === null ? 'Nothing saved yet.' : `Saved ${clockTime(at, snapshot.at)}.`;
}

function pausedSentence(snapshot: StatusSnapshot, clockTime: ClockTime): string {
  const until = snapshot.pause.until;
  return until === null ? 'Paused by you.' : `Paused by you until ${clockTime(until, snapshot.at)}.`;
}

/** "Safe" only if every check behind the word has passed. */
function safetySentence(snapshot: StatusSnapshot): string {
  const { archiveCurrent, watcherAlive, queueAnswers } = snapshot.safety;
  if (!archiveCurrent || !watcherAlive || !queueAnswers) return 'Checking what is safe.';
  const depth = snapshot.queue.depth;
  return depth === null || depth === 0 ? 'Nothing is lost.' : `${String(depth)} safe in queue.`;
}

function stoppedPart(snapshot: StatusSnapshot): string {
  if (snapshot.disk.level === 'held') return 'the disk is full; recording goes on when there is room';
  const failed = PARTS.find((part) => healthOf(snapshot, part).state === 'failed');
  return failed === undefined ? 'see the status window' : STOPPED[failed];
}

function warning(snapshot: StatusSnapshot, withCounts: boolean): string {
  for (const part of PARTS) {
    const health = healthOf(snapshot, part);
    const isTroubled = health.state === 'degraded' || health.state === 'failed';
    if (isTroubled && health.reason !== null) return phrase(health.reason, snapshot, withCounts);
  }
  return 'see the status window';
}

function healthOf(snapshot: StatusSnapshot, part: PartName): ComponentHealth {
  return snapshot[part].health;
}

function phrase(reason: HealthReason, snapshot: StatusSnapshot, withCounts: boolean): string {
  const count = (value: number | null, one: string, many: string): string =>
    withCounts && value !== null && value > 0 ? `${String(value)} ${value === 1 ? one : many}` : many;
  switch (reason) {
    case 'REDIS_BYPASSED':
      return 'saving without the queue';
    case 'REDIS_RESTARTING':
      return 'queue is starting again';
    case 'REDIS_FAILED':
      return 'queue does not answer';
    case 'QUEUE_BACKLOG':
      return count(snapshot.queue.depth, 'waiting', 'waiting');
    case 'CONSUMER_STALLED':
      return count(snapshot.queue.pending, 'not confirmed', 'not confirmed');
    case 'CONSUMER_RETRYING':
      return 'a save is tried again';
    case 'WATCH_INCOMPLETE':
      return 'some changes are seen late';
    case 'SOURCE_MISSING':
      return 'a transcript folder is missing';
    case 'FILES_BLOCKED':
      return count(snapshot.transcripts.blockedFiles, 'file cannot be read', 'files cannot be read');
    case 'ARCHIVE_FAILING':
      return 'archive cannot be written';
    case 'ARCHIVE_DAMAGED':
      return 'a file in the archive is damaged';
    case 'STORE_FAILING':
      return 'SQLite saves fail';
    case 'STORE_REBUILDING':
      return 'database is being made anew, nothing is lost';
    case 'DISK_LOW':
      return 'disk is nearly full';
    case 'DISK_FULL':
      return 'disk is full, recording is held';
    case 'DEAD_LETTERS':
      return count(snapshot.store.deadLetters, 'dead letter', 'dead letters');
    case 'PAUSED':
      return 'paused by you';
  }
}
