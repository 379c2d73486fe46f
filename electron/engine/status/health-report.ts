import type { HealthCheck, HealthReport, StatusSnapshot, StoreRecovery } from '../../../shared/status.ts';
import { RECOVERY_TOLD_MS } from './thresholds.ts';

/** Things that are asked anew for a health report, each timed. A rejection is the reason of a failed check. */
export interface HealthProbes {
  redis(): Promise<string>;
  sqlite(): Promise<string>;
  archive(): Promise<string>;
}

type Finding = Pick<HealthCheck, 'status' | 'reason'>;

const pass = (reason: string): Finding => ({ status: 'pass', reason });
const warn = (reason: string): Finding => ({ status: 'warn', reason });
const fail = (reason: string): Finding => ({ status: 'fail', reason });

/** Runs every check. @param monotonic ms, for the time of each */
export async function healthReport(
  snapshot: StatusSnapshot,
  probes: HealthProbes,
  monotonic: () => number,
): Promise<HealthReport> {
  const timed = async (name: HealthCheck['name'], check: () => Finding | Promise<Finding>): Promise<HealthCheck> => {
    const from = monotonic();
    const result = await check();
    return { name, ...result, timeMs: Math.round((monotonic() - from) * 10) / 10 };
  };
  const checks = await Promise.all([
    timed('redis', () => redisCheck(snapshot, probes)),
    timed('queue', () => queueCheck(snapshot)),
    timed('consumer', () => consumerCheck(snapshot)),
    timed('watcher', () => watcherCheck(snapshot)),
    timed('archive', () => probe(probes.archive)),
    timed('sqlite', () => probe(probes.sqlite)),
    timed('upkeep', () => upkeepCheck(snapshot)),
    timed('disk', () => diskCheck(snapshot)),
    timed('capture-gap', () => gapCheck(snapshot)),
  ]);
  const statuses = checks.map((check) => check.status);
  const status = statuses.includes('fail') ? 'unhealthy' : statuses.includes('warn') ? 'degraded' : 'healthy';
  return { status, at: snapshot.at, checks };
}

async function probe(ask: () => Promise<string>): Promise<Finding> {
  try {
    return pass(await ask());
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

async function redisCheck(snapshot: StatusSnapshot, probes: HealthProbes): Promise<Finding> {
  if (snapshot.queue.mode === 'bypass') {
    return warn('Redis does not run; recording goes on without a queue, straight into the database.');
  }
  return await probe(probes.redis);
}

function queueCheck({ queue }: StatusSnapshot): Finding {
  if (queue.depth === null) return warn('The queue is being opened.');
  const text = `${queue.depth} waiting, ${queue.pending ?? 0} not confirmed.`;
  return queue.health.state === 'degraded' && queue.mode === 'redis' ? warn(text) : pass(text);
}

function consumerCheck({ consumer, at }: StatusSnapshot): Finding {
  if (consumer.health.state === 'failed') return fail('The consumer has shown no sign of life for two minutes.');
  if (consumer.retryingSince !== null) {
    return warn(
      `Saving has been failing for ${Math.round((at - consumer.retryingSince) / 1000)} s and is tried again.`,
    );
  }
  return pass('The consumer is alive.');
}

function watcherCheck({ watcher, transcripts, pause }: StatusSnapshot): Finding {
  if (pause.paused) return warn('Paused by you: nothing is recorded.');
  if (watcher.health.state === 'failed') return fail('The watcher has shown no sign of life for two minutes.');
  if (transcripts.blockedFiles > 0) return warn(`${transcripts.blockedFiles} files cannot be read.`);
  if (watcher.mode === 'polling')
    return warn('Not every folder can be watched; changes are found by looking every minute.');
  if (transcripts.files === 0 && transcripts.missingRoots.length > 0)
    return warn('No agent has written a transcript yet.');
  return pass(`${transcripts.files} files in ${watcher.watchedDirectories} watched folders.`);
}

function upkeepCheck({ upkeep, at }: StatusSnapshot): Finding {
  const { recovery, backup, scrub } = upkeep;
  if (recovery?.state === 'failed') return fail(recovery.reason);
  const [range] = scrub.damagedRanges;
  if (range !== undefined) {
    const { archivePath, start, end } = range;
    return warn(
      `${scrub.damaged} ranges of the archive are damaged and their transcripts gone; the newest is ${archivePath}, bytes ${start} to ${end}.`,
    );
  }
  if (recovery !== null && recovery.state !== 'done') return warn(recoveryText(recovery));
  if (backup.failure !== null) return warn(backup.failure);
  const read = scrub.totalBytes === 0 ? 100 : Math.floor((100 * scrub.doneBytes) / scrub.totalBytes);
  const isFresh = recovery !== null && at - recovery.at < RECOVERY_TOLD_MS;
  return pass(
    `${isFresh ? `${recoveryText(recovery)} ` : ''}${backup.kept} backups; ${read} % of this round of the scrub is read.`,
  );
}

/** What happened to a database, when, and where it is now. */
function recoveryText({ cause, at, reason, setAside, backup, state }: StoreRecovery): string {
  if (cause === 'search-index') return `${reason} It was made anew.`;
  const from = backup === null ? 'from the archive' : `from the backup ${backup} and the archive`;
  const verb = state === 'done' ? 'was' : 'is being';
  const where = setAside === null ? '' : ` The old file is ${setAside}.`;
  return `${reason} On ${new Date(at).toISOString()} it was put aside; the database ${verb} made anew ${from}.${where}`;
}

function diskCheck({ disk }: StatusSnapshot): Finding {
  if (disk.freeBytes === null || disk.totalBytes === null) return warn('The free space of the disk is unknown.');
  const kept = disk.reserveBytes > 0 ? `; ${megabytes(disk.reserveBytes)} more are kept in reserve` : '';
  const text = `${megabytes(disk.freeBytes)} of ${megabytes(disk.totalBytes)} free${kept}.`;
  if (disk.level === 'held') {
    return fail(
      `${text} Recording is held below ${megabytes(disk.holdBelowBytes)}: free some space, it goes on by itself.`,
    );
  }
  return disk.level === 'low' ? warn(`${text} Recording is held below ${megabytes(disk.holdBelowBytes)}.`) : pass(text);
}

function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function gapCheck({ captureGap }: StatusSnapshot): Finding {
  if (captureGap === null) return warn('Not compared yet.');
  if (captureGap > 0) return warn(`${captureGap} prompts of the agents' own histories are in no saved conversation.`);
  return pass("Every prompt of the agents' own histories is saved.");
}
