import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REQUESTS, type Handlers } from '../../shared/ipc.ts';
import type { JobView } from '../../shared/status.ts';
import { Archive } from './archive/archive.ts';
import { archivePathOf, rootKeyOf } from './archive/archive-path.ts';
import { BackupShelf } from './backup/backup-shelf.ts';
import { dataPaths } from './config/data-paths.ts';
import { SettingsFile } from './config/settings-file.ts';
import type { EngineOptions } from './contract.ts';
import { systemClock } from './core/clock.ts';
import { InvariantError } from './core/errors.ts';
import { silentLogger } from './core/logger.ts';
import { anyDisk } from './disk/test-support/any-disk.ts';
import { engineHandlers } from './engine-handlers.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { restorableFiles } from './source-inventory.ts';
import { NO_UPKEEP } from './status/test-support/no-upkeep.ts';
import { StatusBoard } from './status-board.ts';
import { StoreThread } from './store-thread.ts';
import type { ReaderOperations, WriterOperations } from './store-worker-contract.ts';
import { SESSION, TRANSCRIPT, answerLine, promptLine } from './store/test-support/transcript.ts';

const CONTENT = [promptLine('p1', 'Name a river.'), answerLine('a1', 'p1', 'The Danube.')]
  .map((line) => `${line}\n`)
  .join('');

/** A person's home with one transcript that is archived and saved, and the handlers of a command that records nothing. */
class CommandBed implements AsyncDisposable {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-handlers-'));
  readonly agentRoot = path.join(this.directory, 'user', '.claude');
  readonly transcript = path.join(this.agentRoot, TRANSCRIPT);
  readonly paths = dataPaths(path.join(this.directory, 'data'));
  readonly archivePath = archivePathOf({
    agent: 'claude-code',
    rootKey: rootKeyOf(this.agentRoot),
    generation: 1,
    relativePath: TRANSCRIPT,
  });
  readonly jobs: JobRunner;
  readonly #readers: StoreThread<ReaderOperations>[] = [];
  #handlers: Handlers | null = null;

  private constructor() {
    let last = 0;
    this.jobs = new JobRunner({ clock: systemClock, logger: silentLogger, newId: () => `job-${(last += 1)}` });
  }

  static async create(): Promise<CommandBed> {
    const bed = new CommandBed();
    mkdirSync(path.dirname(bed.transcript), { recursive: true });
    mkdirSync(bed.paths.home, { recursive: true });
    writeFileSync(bed.transcript, CONTENT);
    await bed.#save();
    bed.#handlers = await bed.#compose();
    return bed;
  }

  get handlers(): Handlers {
    if (this.#handlers === null) throw new Error('not composed');
    return this.#handlers;
  }

  async run(request: Parameters<Handlers['jobs.start']>[0]): Promise<JobView> {
    const ended = new Promise<JobView>((resolve) => {
      this.jobs.onChange((view) => {
        if (view.state !== 'running') resolve(view);
      });
    });
    await this.handlers['jobs.start'](request);
    return await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.jobs.stop();
    for (const reader of this.#readers) await reader.close();
    rmSync(this.directory, { recursive: true });
  }

  async #save(): Promise<void> {
    const file = path.join(this.paths.archiveDirectory, this.archivePath);
    mkdirSync(path.dirname(file), { recursive: true });
    cpSync(this.transcript, file);
    const writer = await StoreThread.start<WriterOperations>({ role: 'writer', ...this.#threadData() });
    const sha256 = createHash('sha256').update(CONTENT).digest('hex');
    const segment = { archivePath: this.archivePath, kind: 'lines', start: 0, end: CONTENT.length, sha256 } as const;
    await writer.call('save', [{ segment, sourcePath: this.transcript }]);
    await writer.close();
  }

  #threadData(): { databaseFile: string; archiveDirectory: string; sqliteBinding: null } {
    const { database, archiveDirectory } = this.paths;
    return { databaseFile: database, archiveDirectory, sqliteBinding: null };
  }

  async #compose(): Promise<Handlers> {
    for (let count = 0; count < 2; count += 1) {
      this.#readers.push(await StoreThread.start<ReaderOperations>({ role: 'reader', ...this.#threadData() }));
    }
    const [reader, checker] = this.#readers;
    if (reader === undefined || checker === undefined) throw new Error('no readers');
    const settings = await SettingsFile.open(this.paths.settings);
    const disk = anyDisk(this.paths.home);
    const common = { paths: this.paths, clock: systemClock, reader, recorder: () => null, jobs: this.jobs, disk };
    return engineHandlers({
      ...common,
      options: this.#options(),
      settings,
      checker,
      board: new StatusBoard({
        ...common,
        version: '1.0.0',
        startedAt: 0,
        pause: () => {
          const { paused, pausedUntil } = settings.get().recording;
          return { paused, until: pausedUntil };
        },
        isStopping: () => false,
        upkeep: () => NO_UPKEEP,
        logger: silentLogger,
      }),
      keeper: {
        backups: new BackupShelf(this.paths.backupsDirectory),
        replace: () => Promise.reject(new InvariantError('this command replaces nothing')),
      },
      takeBackup: () => Promise.reject(new InvariantError('this command copies nothing')),
      takeLock: () => undefined,
      ensureRecorder: () => Promise.reject(new InvariantError('this command records nothing')),
      windowUrl: () => null,
    });
  }

  #options(): EngineOptions {
    return {
      home: this.paths.home,
      version: '1.0.0',
      platform: process.platform,
      arch: process.arch,
      userHome: path.join(this.directory, 'user'),
      env: {},
      resourcesDirectory: this.directory,
      rendererDirectory: null,
      port: null,
      mode: 'command',
      desktop: null,
      sqliteBinding: null,
    };
  }
}

describe('the handlers of a command', () => {
  it('answer what is saved', async () => {
    await using bed = await CommandBed.create();
    const { handlers } = bed;

    expect((await handlers['exchanges.recent']({ limit: 5 })).map((exchange) => exchange.title)).toEqual([
      'Name a river.',
    ]);
    expect((await handlers['sessions.get']({ session: SESSION.slice(0, 4) })).session).toMatchObject({
      id: SESSION,
      sourcePresent: true,
    });
    expect(await handlers['search.query'](REQUESTS['search.query'].args.parse({ query: 'danube' }))).toHaveLength(1);
    expect((await handlers['exchanges.page']({ after: 0, limit: 5 })).items).toHaveLength(1);
    expect(await handlers['deadLetters.list']({ limit: 5 })).toEqual([]);
  });

  it('prove that everything on disk is archived and saved', async () => {
    await using bed = await CommandBed.create();

    const { state, report } = await bed.run({ kind: 'verify' });

    expect(state).toBe('done');
    expect(report).toMatchObject({
      files: 1,
      bytes: CONTENT.length,
      records: 2,
      exchanges: 1,
      missing: 0,
      duplicated: 0,
      quarantined: 0,
      unreadable: [],
    });
  });

  it('find bytes that nobody archived, and do not put that right first', async () => {
    await using bed = await CommandBed.create();
    appendFileSync(bed.transcript, `${promptLine('p2', 'Too late')}\n`);
    const other = path.join(path.dirname(bed.transcript), 'another.jsonl');
    writeFileSync(other, 'x\n');

    const { report } = await bed.run({ kind: 'verify' });

    expect(report).toMatchObject({
      files: 2,
      missing: 2,
      missingBytes: expect.arrayContaining([
        { path: bed.transcript, offset: CONTENT.length },
        { path: other, offset: 0 },
      ]) as unknown,
    });
  });

  it('count what is archived of a transcript that is gone', async () => {
    await using bed = await CommandBed.create();
    rmSync(bed.transcript);

    expect((await bed.run({ kind: 'verify' })).report).toMatchObject({ files: 1, records: 2, missing: 0 });
  });

  it('give a deleted transcript back, to its place and elsewhere', async () => {
    await using bed = await CommandBed.create();
    rmSync(bed.transcript);
    const elsewhere = path.join(bed.directory, 'elsewhere');

    const back = await bed.run({ kind: 'restore', session: SESSION, to: null });
    const copy = await bed.run({ kind: 'restore', session: SESSION.slice(0, 8), to: elsewhere });

    expect(readFileSync(bed.transcript, 'utf8')).toBe(CONTENT);
    expect(readFileSync(path.join(elsewhere, TRANSCRIPT), 'utf8')).toBe(CONTENT);
    expect([back.state, copy.state]).toEqual(['done', 'done']);
  });

  it('refuse a job for a session or a job that is not there', async () => {
    await using bed = await CommandBed.create();

    await expect(bed.run({ kind: 'restore', session: 'none', to: null })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(bed.handlers['jobs.get']({ id: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(bed.handlers['jobs.cancel']({ id: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('keep a pause in the settings', async () => {
    await using bed = await CommandBed.create();

    const paused = await bed.handlers['recording.pause']({ minutes: 5 });
    expect(paused.paused).toBe(true);
    expect((paused.until ?? 0) - systemClock.now()).toBeGreaterThan(4 * 60_000);
    expect((await SettingsFile.open(bed.paths.settings)).get().recording.paused).toBe(true);

    expect(await bed.handlers['recording.resume']({})).toEqual({ paused: false, until: null });
  });

  it('report the health of what there is', async () => {
    await using bed = await CommandBed.create();

    const { status, checks } = await bed.handlers['health.get']({});

    expect(status).toBe('unhealthy');
    expect(checks.find((check) => check.name === 'sqlite')).toMatchObject({ status: 'pass' });
    expect(checks.find((check) => check.name === 'redis')).toMatchObject({
      status: 'fail',
      reason: 'Nothing is recording.',
    });
  });

  it('say what only a desktop can do', async () => {
    await using bed = await CommandBed.create();

    await expect(bed.handlers['data.openFolder']({})).rejects.toMatchObject({ code: 'UNSUPPORTED_HERE' });
    expect(await bed.handlers['window.show']({})).toEqual({ shown: false, url: null });
  });
});

describe('restorableFiles', () => {
  it('takes the newest generation of each file of the session, and none whose place is unknown', async () => {
    const archive = new Archive(path.join(os.tmpdir(), 'holdfast-nothing-is-here'));
    const row = (archivePath: string, sourcePath: string | null, session: string) => ({
      archivePath,
      sourcePath,
      session,
      kind: 'lines' as const,
      committed: 0,
      lines: 0,
      records: 0,
    });
    const stored = [
      row('claude-code/r/~2/projects/x/s.jsonl', '/home/s.jsonl', 's'),
      row('claude-code/r/projects/x/s.jsonl', '/home/s.jsonl', 's'),
      row('claude-code/r/~10/projects/x/s.jsonl', '/home/s.jsonl', 's'),
      row('claude-code/r/projects/x/other.jsonl', '/home/other.jsonl', 'other'),
      row('claude-code/r/projects/x/lost.jsonl', null, 's'),
    ];

    const inPlace = await restorableFiles(stored, 's', archive, null);
    const below = await restorableFiles(stored, 's', archive, path.resolve('/copy'));

    expect(inPlace.map((file) => [file.archivePath, file.target])).toEqual([
      ['claude-code/r/~10/projects/x/s.jsonl', '/home/s.jsonl'],
    ]);
    expect(below.map((file) => file.target)).toEqual([
      path.resolve('/copy/projects/x/s.jsonl'),
      path.resolve('/copy/projects/x/lost.jsonl'),
    ]);
  });
});
