/**
 * Runs what takes longer than a second, one at a time, with progress that anybody can look at and a report at the end.
 */
import type { JobKind, JobReport, JobView } from '../../../shared/status.ts';
import type { Clock } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { EngineError, describeError, isAbort, toEnvelope } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

export type Progress = Pick<JobView, 'phase' | 'doneBytes' | 'totalBytes' | 'doneFiles' | 'totalFiles'>;

/** Does the work. Reports progress as often as it likes; throws AbortError when `signal` fires. */
export type JobWork = (progress: (progress: Partial<Progress>) => void, signal: AbortSignal) => Promise<JobReport>;

export interface JobRunnerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

const KEPT_JOBS = 50;

interface Running {
  view: JobView;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #jobs = new Map<string, Running>();
  readonly #changed = new Emitter<JobView>();

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** The job that runs, or the last one that did. */
  get latest(): JobView | null {
    return [...this.#jobs.values()].at(-1)?.view ?? null;
  }

  get isBusy(): boolean {
    return this.latest?.state === 'running';
  }

  onChange(listener: (view: JobView) => void): Disposable {
    return this.#changed.on(listener);
  }

  /** Error: JOB_BUSY while another one runs. @returns the job's id */
  start(kind: JobKind, work: JobWork): string {
    const { latest } = this;
    if (latest?.state === 'running') {
      throw new EngineError('JOB_BUSY', `A ${latest.kind} is running; wait for its end or cancel it first.`, {
        retryable: true,
      });
    }
    const id = this.#options.newId();
    const abort = new AbortController();
    const view: JobView = {
      id,
      kind,
      state: 'running',
      startedAt: this.#options.clock.now(),
      endedAt: null,
      phase: 'scanning',
      doneBytes: 0,
      totalBytes: 0,
      doneFiles: 0,
      totalFiles: 0,
      report: null,
      error: null,
    };
    const running: Running = { view, abort, ended: Promise.resolve() };
    this.#jobs.set(id, { ...running, ended: this.#run(id, work, abort.signal) });
    this.#changed.emit(view);
    for (const old of [...this.#jobs.keys()].slice(0, Math.max(0, this.#jobs.size - KEPT_JOBS))) this.#jobs.delete(old);
    return id;
  }

  /** Error: NOT_FOUND. */
  get(id: string): JobView {
    return this.#find(id).view;
  }

  /** Ends a job early; what it did so far stays. Error: NOT_FOUND. */
  async cancel(id: string): Promise<JobView> {
    const job = this.#find(id);
    job.abort.abort();
    await job.ended;
    return this.#find(id).view;
  }

  async stop(): Promise<void> {
    const { latest } = this;
    if (latest?.state === 'running') await this.cancel(latest.id);
  }

  #find(id: string): Running {
    const job = this.#jobs.get(id);
    if (job === undefined)
      throw new EngineError('NOT_FOUND', 'There is no such job; jobs are forgotten when Holdfast stops.');
    return job;
  }

  async #run(id: string, work: JobWork, signal: AbortSignal): Promise<void> {
    // A turn of the loop, so that the job is in the list before its first progress.
    await Promise.resolve();
    try {
      signal.throwIfAborted();
      const report = await work((progress) => this.#update(id, progress), signal);
      this.#end(id, { state: 'done', phase: 'done', report });
    } catch (error) {
      if (isAbort(error) && signal.aborted) {
        this.#end(id, { state: 'cancelled' });
        return;
      }
      this.#options.logger.error('a job failed', { error: describeError(error) });
      const { code, message } = toEnvelope(error);
      this.#end(id, { state: 'failed', error: { code, message } });
    }
  }

  #end(id: string, change: Partial<JobView>): void {
    this.#update(id, { ...change, endedAt: this.#options.clock.now() });
  }

  #update(id: string, change: Partial<JobView>): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    job.view = { ...job.view, ...change };
    this.#changed.emit(job.view);
  }
}
