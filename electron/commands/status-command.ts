import { existsSync } from 'node:fs';
import type { HealthReason, StatusSnapshot, StoreRecovery } from '../../shared/status.ts';
import { dataPaths } from '../engine/config/data-paths.ts';
import type { CommandContext } from './command-context.ts';
import { findRunningClient, withClient } from './open-client.ts';
import { EXIT } from './exit-code.ts';
import { bytesText, countText, durationText, timeText } from './figures.ts';
import type { JsonOption } from './job-commands.ts';
import { plainLine } from './plain-text.ts';
import { pairLines } from './table.ts';

/** One screen. Exit code 0 whether Holdfast runs or not, since both are answers; scripts ask `health`. */
export async function statusCommand(context: CommandContext, options: JsonOption): Promise<number> {
  const running = await findRunningClient(context);
  const snapshot = running === null ? await readAtRest(context) : await running.call('status.get', {});
  if (options.json === true) {
    await context.out.json({ running: running !== null, home: context.engine.home, status: snapshot });
    return EXIT.ok;
  }
  const now = context.clock.now();
  const lines = [
    running === null || snapshot === null ? 'Not running. "holdfast run" starts recording.' : headline(snapshot, now),
    ...(snapshot === null ? ['Nothing has been saved yet.'] : pairLines(rows(snapshot, running !== null, now))),
    ...pairLines([['Data folder', context.engine.home]]),
  ];
  for (const line of lines) await context.out.line(line);
  return EXIT.ok;
}

/** What the database says while nothing runs; null when there is none. A mere question does not create one. */
async function readAtRest(context: CommandContext): Promise<StatusSnapshot | null> {
  if (!existsSync(dataPaths(context.engine.home).database)) return null;
  return withClient(context, (client) => client.call('status.get', {}));
}

const HEADLINES: Readonly<Record<StatusSnapshot['overall'], string>> = {
  starting: 'Starting.',
  ok: 'Recording. Everything is saved.',
  busy: 'Recording. Saving what has just come.',
  warn: 'Recording, with a problem.',
  error: 'NOT recording properly.',
  paused: 'Paused: nothing is recorded now; what is written meanwhile is saved later.',
  stopping: 'Stopping.',
};

function headline(snapshot: StatusSnapshot, now: number): string {
  return `${HEADLINES[snapshot.overall]} Running for ${durationText(now - snapshot.startedAt)}, version ${snapshot.version}.`;
}

type Row = readonly [name: string, value: string];

function rows(snapshot: StatusSnapshot, isRunning: boolean, now: number): readonly Row[] {
  const { store } = snapshot;
  const saved: readonly Row[] = [
    ['Last save', lastSaveText(store.lastSaveAt, now)],
    ['Saved', `${countText(store.exchanges)} exchanges in ${countText(store.sessions)} sessions`],
    ['Database', bytesText(store.sizeBytes)],
    ['Dead letters', countText(store.deadLetters)],
    ['Disk', diskText(snapshot.disk)],
  ];
  return isRunning ? [...liveRows(snapshot), ...saved, ...upkeepRows(snapshot, now)] : saved;
}

function liveRows(snapshot: StatusSnapshot): readonly Row[] {
  const { queue, watcher, transcripts, captureGap, store } = snapshot;
  const mode = queue.mode === 'redis' ? `Redis ${queue.server.version ?? ''}`.trimEnd() : 'bypass (without Redis)';
  const problems = problemsOf(snapshot);
  return [
    ...(problems.length === 0 ? [] : [['Problems', problems.join('; ')] as const]),
    ['Transcripts', `${countText(transcripts.files)} files, ${bytesText(transcripts.bytes)}`],
    ['Watcher', `${countText(watcher.watchedDirectories)} folders, ${String(Math.round(watcher.lagMs))} ms behind`],
    ['Queue', `${mode}: ${measured(queue.depth)} entries, ${measured(queue.pending)} pending`],
    ['Capture gaps', captureGap === null ? 'not known yet' : `${countText(captureGap)} prompts without an exchange`],
    ['Last hour', `${countText(store.savesLastHour)} saves, ${countText(store.errorsLastHour)} errors`],
  ];
}

/** What is done so that it stays saved, and what had to be done. */
function upkeepRows({ upkeep }: StatusSnapshot, now: number): readonly Row[] {
  const { backup, scrub, recovery } = upkeep;
  const ago = (at: number | null): string => (at === null ? 'not yet' : `${durationText(now - at)} ago`);
  return [
    ['Backups', backup.failure ?? `${countText(backup.kept)}, the last one ${ago(backup.lastAt)}`],
    [
      'Scrub',
      `${bytesText(scrub.doneBytes)} of ${bytesText(scrub.totalBytes)} compared in this round, last full round ${ago(scrub.lastRoundAt)}`,
    ],
    ...(scrub.damaged === 0 ? [] : [['Damaged', damagedText(scrub)] as const]),
    ...(recovery === null ? [] : [['Recovery', recoveryText(recovery)] as const]),
  ];
}

function damagedText({ damaged, damagedRanges }: StatusSnapshot['upkeep']['scrub']): string {
  const shown = damagedRanges.map(({ archivePath, start, end }) => `${plainLine(archivePath)} ${start}–${end}`);
  return `${countText(damaged)} ranges of the archive whose transcripts are gone: ${shown.join(', ')}`;
}

const RECOVERY_STATES = {
  replacing: 'is being replaced',
  'catching-up': 'is being filled from the archive',
  done: 'is complete again',
  failed: 'could not be recovered',
} as const;

function recoveryText({ at, reason, setAside, backup, state, doneBytes, totalBytes }: StoreRecovery): string {
  const progress = totalBytes === 0 ? '' : ` (${bytesText(doneBytes)} of ${bytesText(totalBytes)})`;
  const from = backup === null ? '' : `, beginning with the backup ${backup}`;
  const where = setAside === null ? '' : `; the old file is ${plainLine(setAside)}`;
  return `${timeText(at)}: ${plainLine(reason)} The database ${RECOVERY_STATES[state]}${progress}${from}${where}`;
}

const REASONS: Readonly<Record<HealthReason, string>> = {
  REDIS_BYPASSED: 'Redis could not be started, its part is bypassed',
  REDIS_RESTARTING: 'Redis is being restarted',
  REDIS_FAILED: 'Redis does not come up',
  QUEUE_BACKLOG: 'the queue grows faster than it is saved',
  CONSUMER_STALLED: 'saving stands still',
  CONSUMER_RETRYING: 'saving failed and is tried again',
  WATCH_INCOMPLETE: 'not every folder could be watched',
  SOURCE_MISSING: 'a transcript folder is missing',
  FILES_BLOCKED: 'some transcripts cannot be read',
  ARCHIVE_FAILING: 'the archive cannot be written',
  ARCHIVE_DAMAGED: 'a file in the archive is damaged',
  STORE_FAILING: 'the database cannot be written',
  STORE_REBUILDING: 'the database is being made anew, nothing is lost',
  DISK_LOW: 'the disk is nearly full',
  DISK_FULL: 'the disk is full: recording is held; free some space, and it goes on by itself',
  DEAD_LETTERS: 'something could not be parsed; see "holdfast dead-letters"',
  PAUSED: 'recording is paused',
};

function problemsOf(snapshot: StatusSnapshot): readonly string[] {
  const parts = [
    snapshot.transcripts,
    snapshot.watcher,
    snapshot.archive,
    snapshot.queue,
    snapshot.consumer,
    snapshot.store,
  ];
  const reasons = parts.flatMap(({ health }) => (health.reason === null ? [] : [REASONS[health.reason]]));
  return [...new Set(reasons)];
}

function diskText({ freeBytes, totalBytes, reserveBytes }: StatusSnapshot['disk']): string {
  if (freeBytes === null || totalBytes === null) return 'unknown';
  const reserve = reserveBytes === 0 ? '' : `, ${bytesText(reserveBytes)} in reserve`;
  return `${bytesText(freeBytes)} of ${bytesText(totalBytes)} free${reserve}`;
}

function lastSaveText(at: number | null, now: number): string {
  return at === null ? 'never' : `${timeText(at)} (${durationText(now - at)} ago)`;
}

function measured(count: number | null): string {
  return count === null ? 'unknown' : countText(count);
}
