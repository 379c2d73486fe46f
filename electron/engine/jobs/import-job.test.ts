import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../../shared/status.ts';
import { importJob, resyncJob, settle, type ImportPorts, type JobFile } from './import-job.ts';
import type { Progress } from './job-runner.ts';
import { RushingClock } from './test-support/rushing-clock.ts';

const HOME = path.resolve('/home/ana');
const PROOF: VerifyReport = {
  kind: 'verify',
  files: 0,
  bytes: 0,
  records: 0,
  exchanges: 0,
  subagentExchanges: 0,
  missing: 0,
  duplicated: 0,
  quarantined: 0,
  drift: 0,
  missingBytes: [],
  missingRecords: [],
  unreadable: [],
};

type Failures = readonly { readonly path: string; readonly reason: string }[];
type MutableFile = { -readonly [K in keyof JobFile]: JobFile[K] };

function file(name: string, archived: number, committed: number): MutableFile {
  const sourcePath = path.join(HOME, name);
  return { archivePath: `a/${name}`, sourcePath, archived, committed, isBlocked: false, isPast: false };
}

/** A recorder that saves `speed` bytes of each file whenever the clock moves. */
class FakeRecorder implements ImportPorts {
  readonly clock = new RushingClock();
  readonly forgotten: string[] = [];
  readonly looks: boolean[] = [];
  failures: Failures = [];
  speed = 100;
  /** What lies on disk and is archived by the next look at it. */
  readonly found: MutableFile[];
  readonly #files: MutableFile[] = [];
  #letters = 0;

  constructor(...found: readonly MutableFile[]) {
    this.found = [...found];
    this.clock.every(0, () => {
      for (const one of this.#files) one.committed = Math.min(one.archived, one.committed + this.speed);
    });
  }

  reconcile({ thorough }: { readonly thorough: boolean }): Promise<{ readonly failures: Failures }> {
    this.looks.push(thorough);
    this.#files.push(...this.found.splice(0));
    return Promise.resolve({ failures: this.failures });
  }

  files(): readonly JobFile[] {
    return this.#files;
  }

  totals(): ReturnType<ImportPorts['totals']> {
    const sum = (of: (one: JobFile) => number): number => this.#files.reduce((total, one) => total + of(one), 0);
    return {
      files: this.#files.length,
      savedFiles: this.#files.filter((one) => one.committed === one.archived).length,
      committableBytes: sum((one) => one.archived),
      committedBytes: sum((one) => one.committed),
    };
  }

  forgetPositions(archivePaths: readonly string[]): Promise<void> {
    this.forgotten.push(...archivePaths);
    for (const one of this.#files) if (archivePaths.includes(one.archivePath)) one.committed = 0;
    this.#letters += 1;
    return Promise.resolve();
  }

  counts(): ReturnType<ImportPorts['counts']> {
    const records = this.totals().committedBytes / 10;
    return Promise.resolve({ exchanges: 7, subagentExchanges: 2, records, deadLetters: this.#letters });
  }

  recordsOf(archivePaths: ReadonlySet<string>): Promise<number> {
    return Promise.resolve(archivePaths.size * 10);
  }
}

const ALL = { paths: null, archivePaths: null };
const NEVER = new AbortController().signal;

describe('importJob', () => {
  it('ends when everything is committed and tells new from known files', async () => {
    const recorder = new FakeRecorder(file('new', 500, 0), file('broken', 10, 10));
    recorder.found.push({ ...file('blocked', 0, 0), isBlocked: true }, { ...file('past', 50, 50), isPast: true });
    recorder.failures = [{ path: '/home/ana/blocked', reason: 'EACCES' }];
    await recorder.reconcile({ thorough: false });
    const fresh = file('fresh', 300, 0);
    recorder.found.push(fresh);
    const seen: Partial<Progress>[] = [];

    const report = await importJob(recorder, ALL)((progress) => seen.push(progress), NEVER);

    expect(report).toEqual({
      kind: 'import',
      files: 4,
      bytes: 810,
      records: 40,
      exchanges: 7,
      subagentExchanges: 2,
      imported: 2,
      skipped: 1,
      failed: 1,
      newRecords: 80,
      quarantined: 0,
      failures: recorder.failures,
      proof: null,
    });
    expect(seen.at(-1)).toEqual({ phase: 'saving', doneBytes: 860, totalBytes: 860, doneFiles: 5, totalFiles: 5 });
    expect(seen.some((progress) => (progress.doneBytes ?? 0) < 860)).toBe(true);
  });

  it('tells only of the folder that was asked for, and not of one whose name begins alike', async () => {
    const recorder = new FakeRecorder(
      file(path.join('work', 'a'), 100, 0),
      file(path.join('work-2', 'b'), 100, 0),
      file('work', 100, 0),
    );

    const report = await importJob(recorder, { paths: [path.join(HOME, 'work')], archivePaths: null })(
      () => undefined,
      NEVER,
    );

    expect(report).toMatchObject({ files: 2 });
  });

  it('can be cancelled while files are looked for, and leaves no timer', async () => {
    const recorder = new FakeRecorder();
    const before = recorder.clock.openTasks;
    const cancel = new AbortController();
    recorder.reconcile = () => new Promise(() => undefined);

    const job = importJob(recorder, ALL)(() => undefined, cancel.signal);
    cancel.abort();

    await expect(job).rejects.toMatchObject({ name: 'AbortError' });
    expect(recorder.clock.openTasks).toBe(before);
  });

  it('can be cancelled while it waits for the database', async () => {
    const recorder = new FakeRecorder(file('new', 100, 0));
    recorder.speed = 0;
    const cancel = new AbortController();

    const job = importJob(recorder, ALL)((progress) => {
      if (progress.phase === 'saving') cancel.abort();
    }, cancel.signal);

    await expect(job).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('does not call an import done when the database takes nothing', async () => {
    const recorder = new FakeRecorder(file('new', 100, 0));
    recorder.speed = 0;

    const job = importJob(recorder, ALL)(() => undefined, NEVER);

    await expect(job).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: true });
    expect(recorder.clock.monotonic()).toBeGreaterThan(60_000);
  });
});

describe('resyncJob', () => {
  it('looks thoroughly, reads the chosen files again and ends with a proof', async () => {
    const recorder = new FakeRecorder(file('one', 200, 0), file('two', 300, 0));

    const report = await resyncJob(recorder, { paths: [], archivePaths: new Set(['a/one']) }, () =>
      Promise.resolve(PROOF),
    )(() => undefined, NEVER);

    expect(recorder.looks).toEqual([true]);
    expect(recorder.forgotten).toEqual(['a/one']);
    expect(report).toMatchObject({ kind: 'resync', files: 1, bytes: 200, quarantined: 1, proof: PROOF });
    expect(recorder.totals()).toMatchObject({ committedBytes: 500 });
  });

  it('forgets nothing before what is under way is saved', async () => {
    const recorder = new FakeRecorder(file('one', 200, 0));
    const committed: number[] = [];
    const forget = recorder.forgetPositions.bind(recorder);
    recorder.forgetPositions = (archivePaths) => {
      committed.push(recorder.totals().committedBytes);
      return forget(archivePaths);
    };

    await resyncJob(recorder, ALL, () => Promise.resolve(PROOF))(() => undefined, NEVER);

    expect(committed).toEqual([200]);
  });
});

describe('settle', () => {
  it('says whether all is saved', async () => {
    const recorder = new FakeRecorder(file('one', 200, 0));
    await recorder.reconcile({ thorough: false });

    expect(await settle(recorder, () => undefined, NEVER)).toBe(true);
    await recorder.forgetPositions(['a/one']);
    recorder.speed = 0;
    expect(await settle(recorder, () => undefined, NEVER)).toBe(false);
  });
});
