import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { Archive } from './archive/archive.ts';
import { foreignRoot } from './capture/source-layout.ts';
import { committableEnd, type TrackedFile } from './capture/tracked-file.ts';
import { ConfigError, EngineError, isAbort } from './core/errors.ts';
import type { Clock } from './core/clock.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { SettingsFile } from './config/settings-file.ts';
import type { EngineOptions } from './contract.ts';
import { diskIsFull } from './disk/disk-level.ts';
import type { DiskWatch } from './disk/disk-watch.ts';
import { abortable } from './jobs/abortable.ts';
import type { JobRunner, JobWork } from './jobs/job-runner.ts';
import { importJob, resyncJob, settle, type ImportPorts, type ImportScope } from './jobs/import-job.ts';
import { rebuildJob } from './jobs/rebuild-job.ts';
import { restoreJob, type RestorableFile } from './jobs/restore-job.ts';
import { verifyJob, type VerifyPorts } from './jobs/verify-job.ts';
import { sourceRoot, type Recorder } from './recorder.ts';
import { SourceInventory, restorableFiles } from './source-inventory.ts';
import { healthReport } from './status/health-report.ts';
import type { StatusBoard } from './status-board.ts';
import type { StoreKeeper } from './store-keeper.ts';
import type { StoreCalls } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';
import type { Handlers } from '../../shared/ipc.ts';
import type { BackupView, RebuildReport } from '../../shared/status.ts';

export interface HandlerParts {
  readonly options: EngineOptions;
  readonly paths: DataPaths;
  readonly clock: Clock;
  readonly settings: SettingsFile;
  /** Answers queries. */
  readonly reader: StoreCalls<ReaderOperations>;
  /** Does what takes long, so that queries never wait for it. */
  readonly checker: StoreCalls<ReaderOperations>;
  readonly board: StatusBoard;
  readonly keeper: Pick<StoreKeeper, 'backups' | 'replace'>;
  readonly takeBackup: () => Promise<BackupView>;
  readonly disk: DiskWatch;
  readonly jobs: JobRunner;
  readonly recorder: () => Recorder | null;
  readonly ensureRecorder: () => Promise<Recorder>;
  /** Error: ENGINE_ALREADY_RUNNING. */
  readonly takeLock: () => void;
  readonly windowUrl: () => string | null;
}

const MINUTE_MS = 60_000;
/** What was being written when a file was compared is saved after this time, if anything works at all. */
const SETTLE_MS = 2000;
const ALL_SESSIONS = 10_000;

/** What the engine answers to each request of the contract. */
export function engineHandlers(parts: HandlerParts): Handlers {
  const { options, paths, clock, settings, reader, board, jobs } = parts;
  return {
    'status.get': () => board.current(),
    'health.get': async () => await healthReport(await board.current(), probes(parts), () => clock.monotonic()),
    'recording.pause': async ({ minutes }) => {
      const until = minutes === null ? null : clock.now() + minutes * MINUTE_MS;
      await settings.update((all) => ({ ...all, recording: { ...all.recording, paused: true, pausedUntil: until } }));
      return (await board.refresh()).pause;
    },
    'recording.resume': async () => {
      await settings.update((all) => ({ ...all, recording: { ...all.recording, paused: false, pausedUntil: null } }));
      return (await board.refresh()).pause;
    },
    'exchanges.recent': ({ limit }) => reader.call('recent', limit),
    'exchanges.page': ({ after, limit }) => reader.call('page', after, limit),
    'sessions.list': ({ limit, offset, project }) => reader.call('sessions', limit, offset, project),
    'sessions.get': ({ session }) => reader.call('session', session),
    'records.bodies': ({ agent, records }) => reader.call('bodies', agent, records),
    'search.query': (request) => reader.call('search', request),
    'jobs.start': async (request) => {
      switch (request.kind) {
        case 'import':
          refuseWithoutRoom(parts);
          return { id: jobs.start('import', await importWork(parts, request.paths)) };
        case 'resync':
          refuseWithoutRoom(parts);
          return { id: jobs.start('resync', await resyncWork(parts, request.session, request.project)) };
        case 'verify':
          return { id: jobs.start('verify', verifyJob(await verifyPorts(parts, await runningRecorder(parts)))) };
        case 'restore':
          return { id: jobs.start('restore', await restoreWork(parts, request.session, request.to)) };
        case 'backup':
          return { id: jobs.start('backup', backupWork(parts)) };
        case 'rebuild':
          return { id: jobs.start('rebuild', rebuildWork(parts, 'rebuild', null)) };
        case 'backup-restore':
          return { id: jobs.start('backup-restore', rebuildWork(parts, 'backup-restore', request.name)) };
      }
    },
    'jobs.get': ({ id }) => Promise.resolve().then(() => jobs.get(id)),
    'jobs.cancel': ({ id }) => jobs.cancel(id),
    'backups.list': () => parts.keeper.backups.list(),
    'deadLetters.list': ({ limit }) => reader.call('deadLetters', limit),
    'deadLetters.retry': async ({ id }) => {
      const recorder = await parts.ensureRecorder();
      const { count, archivePaths } = await (await recorder.writer()).call('retryDeadLetters', id);
      await recorder.forgetPositions(archivePaths);
      await settleFor(MINUTE_MS, parts, recorder);
      return { count };
    },
    'deadLetters.discard': async ({ id }) => {
      const recorder = await parts.ensureRecorder();
      return { count: await (await recorder.writer()).call('discardDeadLetters', id) };
    },
    'data.openFolder': async () => {
      if (options.desktop === null) {
        throw new EngineError('UNSUPPORTED_HERE', `There is no desktop here. The data is in ${paths.home}.`);
      }
      return { opened: await options.desktop.openFolder(paths.home) };
    },
    'window.show': async () => {
      const shown = (await options.desktop?.showWindow()) ?? false;
      return { shown, url: parts.windowUrl() };
    },
  };
}

/** Nothing would be read nor saved, and the job would only wait. */
function refuseWithoutRoom({ disk }: HandlerParts): void {
  if (disk.isHeld) throw diskIsFull();
}

/** Waits for what is being saved, but not longer: it goes on by itself. */
async function settleFor(mostMs: number, parts: HandlerParts, recorder: Recorder): Promise<void> {
  const from = parts.clock.monotonic();
  const ended = new AbortController();
  const check = (): void => {
    if (parts.clock.monotonic() - from > mostMs) ended.abort();
  };
  try {
    await settle(importPorts(parts, recorder), check, ended.signal);
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
}

function probes({ reader, clock, recorder }: HandlerParts): Parameters<typeof healthReport>[1] {
  return {
    redis: async () => {
      const facts = await recorder()?.redis.facts();
      if (facts === undefined) throw new EngineError('ENGINE_NOT_RUNNING', 'Nothing is recording.');
      if (facts.aof === 'error') throw new EngineError('REDIS_NOT_READY', 'Redis cannot write its append-only file.');
      return `Redis ${facts.version} answers; append-only file ${facts.aof}.`;
    },
    sqlite: async () => {
      const counts = await reader.call('counts', clock.now());
      return `${counts.exchanges} exchanges of ${counts.sessions} sessions; the database answers.`;
    },
    archive: async () => {
      await recorder()?.archive.probe();
      return 'The archive can be written.';
    },
  };
}

async function importWork(parts: HandlerParts, asked: readonly string[]): Promise<JobWork> {
  const recorder = await parts.ensureRecorder();
  const paths = asked.length === 0 ? null : await Promise.all(asked.map(existing));
  for (const folder of paths ?? []) addForeignRoot(recorder, folder);
  return importJob(importPorts(parts, recorder), { paths, archivePaths: null });
}

async function existing(asked: string): Promise<string> {
  try {
    return await realpath(path.resolve(asked));
  } catch (error) {
    throw new ConfigError('NOT_FOUND', `${asked} is not there; nothing was imported.`, { cause: error });
  }
}

/** A copy of an agent's folder that is not among the configured ones becomes a root of its own for this run. */
function addForeignRoot(recorder: Recorder, folder: string): void {
  const isKnown = recorder.registry.roots.some(
    (root) => folder === root.directory || folder.startsWith(root.directory + path.sep),
  );
  if (isKnown) return;
  recorder.registry.addRoot(sourceRoot(foreignRoot(folder)));
}

async function resyncWork(parts: HandlerParts, session: string | null, project: string | null): Promise<JobWork> {
  const recorder = await parts.ensureRecorder();
  const scope = await scopeOf(parts, recorder, session, project);
  return resyncJob(importPorts(parts, recorder), scope, verifyJob(await verifyPorts(parts, recorder)));
}

async function scopeOf(
  { reader }: HandlerParts,
  recorder: Recorder,
  session: string | null,
  project: string | null,
): Promise<ImportScope> {
  if (session === null && project === null) return { paths: null, archivePaths: null };
  const sessions =
    session === null
      ? await reader.call('sessions', ALL_SESSIONS, 0, project)
      : [(await reader.call('session', session)).session];
  if (sessions.length === 0) throw new EngineError('NOT_FOUND', 'No saved session belongs to that project.');
  const ids = new Set(sessions.map((found) => found.id));
  const stored = (await reader.call('positions')).filter((file) => file.session !== null && ids.has(file.session));
  const archivePaths = new Set(stored.map((file) => file.archivePath));
  const paths = [...archivePaths].flatMap((archivePath) => recorder.registry.get(archivePath)?.sourcePath ?? []);
  return { paths, archivePaths };
}

function importPorts({ clock, reader }: HandlerParts, recorder: Recorder): ImportPorts {
  return {
    clock,
    reconcile: ({ thorough, paths }) => recorder.capturer.reconcile({ thorough, ...(paths === null ? {} : { paths }) }),
    files: () =>
      [...recorder.registry.all()].map((file) => ({
        archivePath: file.archivePath,
        sourcePath: file.sourcePath,
        archived: file.archived,
        committed: file.committed,
        isBlocked: file.state === 'blocked',
        isPast: file.state === 'past',
      })),
    totals: () => ({ ...recorder.registry.totals(), savedFiles: savedFiles(recorder) }),
    forgetPositions: (archivePaths) => recorder.forgetPositions(archivePaths),
    counts: () => reader.call('counts', clock.now()),
    recordsOf: async (archivePaths) =>
      (await reader.call('positions'))
        .filter((file) => archivePaths.has(file.archivePath))
        .reduce((sum, file) => sum + file.records, 0),
  };
}

function savedFiles({ registry }: Recorder): number {
  const isSaved = (file: TrackedFile): boolean =>
    file.state !== 'past' && file.archived > 0 && file.committed >= committableEnd(file);
  return [...registry.all()].filter(isSaved).length;
}

/** Only a service records by itself; a command that verifies must not change what it looks at. */
async function runningRecorder({ options, ensureRecorder }: HandlerParts): Promise<Recorder | null> {
  return options.mode === 'service' ? await ensureRecorder() : null;
}

/** @param recorder brings everything up to date first; null: what is there is compared, and nothing put right */
async function verifyPorts(parts: HandlerParts, recorder: Recorder | null): Promise<VerifyPorts> {
  const { checker, clock } = parts;
  const inventory = recorder === null ? await SourceInventory.open(parts) : SourceInventory.of(recorder);
  const settled = async (signal: AbortSignal): Promise<void> => {
    if (recorder !== null) await settle(importPorts(parts, recorder), () => undefined, signal);
  };
  return {
    catchUp: async (signal) => {
      if (recorder === null || recorder.capturer.paused) return;
      await recorder.capturer.reconcile({ thorough: false });
      await settled(signal);
    },
    list: () => inventory.filesToCheck(),
    unreadable: () => inventory.failures(),
    check: (file) => checker.call('checkFile', file),
    settle: async (signal) => {
      if (recorder === null) return;
      await clock.sleep(SETTLE_MS, signal);
      await settled(signal);
    },
    proof: () => checker.call('proof'),
  };
}

function backupWork({ takeBackup }: HandlerParts): JobWork {
  return async (progress, signal) => {
    progress({ phase: 'writing' });
    return { kind: 'backup', backup: await abortable(takeBackup(), signal) };
  };
}

/** @param backup name of the one to begin with; null: everything comes from the archive */
function rebuildWork(parts: HandlerParts, kind: RebuildReport['kind'], backup: string | null): JobWork {
  const reason = backup === null ? 'A rebuild was asked for.' : `The backup ${backup} was asked for.`;
  return rebuildJob(kind, {
    replace: () => {
      // In a command nothing has been opened yet for which the lock would have been taken.
      parts.takeLock();
      return parts.keeper.replace({ cause: kind === 'rebuild' ? 'rebuild' : 'restore', reason, backup });
    },
    saving: async () => {
      const recorder = await parts.ensureRecorder();
      // Only a service looks at everything by itself when it starts.
      if (parts.options.mode === 'command') recorder.capturer.requeue(null);
      return importPorts(parts, recorder);
    },
  });
}

async function restoreWork(parts: HandlerParts, session: string, to: string | null): Promise<JobWork> {
  const archive = new Archive(parts.paths.archiveDirectory);
  const { session: found } = await parts.reader.call('session', session);
  const files = async (): Promise<readonly RestorableFile[]> => {
    const stored = await parts.reader.call('positions');
    return await restorableFiles(stored, found.id, archive, to === null ? null : path.resolve(to));
  };
  return restoreJob({ files, read: (archivePath, start, end) => archive.read(archivePath, start, end) });
}
