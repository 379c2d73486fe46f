import { describe, expect, it } from 'vitest';
import type { JobView, VerifyReport } from '../../../shared/status.ts';
import { EngineError } from '../core/errors.ts';
import { silentLogger } from '../core/logger.ts';
import { JobRunner, type JobWork } from './job-runner.ts';
import { RushingClock } from './test-support/rushing-clock.ts';

const REPORT: VerifyReport = {
  kind: 'verify',
  files: 1,
  bytes: 2,
  records: 3,
  exchanges: 4,
  subagentExchanges: 0,
  missing: 0,
  duplicated: 0,
  quarantined: 0,
  drift: 0,
  missingBytes: [],
  missingRecords: [],
  unreadable: [],
};

function newRunner(): JobRunner {
  let last = 0;
  return new JobRunner({ clock: new RushingClock(), logger: silentLogger, newId: () => `job-${(last += 1)}` });
}

/** Goes on until it is cancelled. */
const endless: JobWork = (_progress, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new DOMException('aborted', 'AbortError'));
    });
  });

async function ended(runner: JobRunner, id: string): Promise<JobView> {
  const { promise, resolve } = deferred<JobView>();
  using listening = runner.onChange((view) => {
    if (view.id === id && view.state !== 'running') resolve(view);
  });
  const view = runner.get(id);
  void listening;
  return view.state === 'running' ? await promise : view;
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('JobRunner', () => {
  it('shows progress while a job runs and its report afterwards', async () => {
    const runner = newRunner();
    const seen: JobView[] = [];
    using listening = runner.onChange((view) => seen.push(view));
    void listening;

    const id = runner.start('verify', (progress) => {
      progress({ phase: 'comparing', doneFiles: 1, totalFiles: 2 });
      return Promise.resolve(REPORT);
    });
    expect(runner.get(id)).toMatchObject({ state: 'running', phase: 'scanning', endedAt: null });
    const view = await ended(runner, id);

    expect(view).toMatchObject({ id, kind: 'verify', state: 'done', phase: 'done', report: REPORT, error: null });
    expect(view.endedAt).not.toBeNull();
    expect(seen.map(({ state, phase }) => `${state} ${phase}`)).toEqual([
      'running scanning',
      'running comparing',
      'done done',
    ]);
  });

  it('refuses a second job while one runs, and takes it afterwards', async () => {
    const runner = newRunner();
    const first = runner.start('import', endless);

    expect(() => runner.start('verify', endless)).toThrow(
      expect.objectContaining({ code: 'JOB_BUSY', retryable: true }),
    );
    expect(runner.isBusy).toBe(true);
    await runner.cancel(first);

    expect(runner.isBusy).toBe(false);
    expect(runner.start('verify', () => Promise.resolve(REPORT))).toBe('job-2');
  });

  it('cancels a job, which is no failure', async () => {
    const runner = newRunner();
    const id = runner.start('import', endless);

    const view = await runner.cancel(id);

    expect(view).toMatchObject({ state: 'cancelled', error: null, report: null });
    expect(await runner.cancel(id)).toEqual(view);
  });

  it('keeps the code and the sentence of what made a job fail', async () => {
    const runner = newRunner();

    const expected = await ended(
      runner,
      runner.start('import', () => Promise.reject(new EngineError('NOT_FOUND', 'No.'))),
    );
    const unexpected = await ended(
      runner,
      runner.start('import', () => {
        throw new TypeError('oops');
      }),
    );

    expect(expected).toMatchObject({ state: 'failed', error: { code: 'NOT_FOUND', message: 'No.' } });
    expect(unexpected).toMatchObject({ state: 'failed', error: { code: 'INTERNAL', message: 'oops' } });
  });

  it('calls an aborted piece of work of a job that nobody cancelled a failure', async () => {
    const runner = newRunner();

    const view = await ended(
      runner,
      runner.start('import', () => Promise.reject(new DOMException('aborted', 'AbortError'))),
    );

    expect(view.state).toBe('failed');
  });

  it('remembers the last fifty jobs', async () => {
    const runner = newRunner();
    for (let count = 0; count < 55; count += 1) {
      await ended(
        runner,
        runner.start('verify', () => Promise.resolve(REPORT)),
      );
    }

    expect(() => runner.get('job-5')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    expect(runner.get('job-6').state).toBe('done');
    expect(runner.latest?.id).toBe('job-55');
  });

  it('ends the running job when it is stopped', async () => {
    const runner = newRunner();
    const id = runner.start('import', endless);

    await runner.stop();
    await runner.stop();

    expect(runner.get(id).state).toBe('cancelled');
  });
});
