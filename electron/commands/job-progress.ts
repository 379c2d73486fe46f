import { SingleBar } from 'cli-progress';
import type { JobView } from '../../shared/status.ts';
import type { Clock } from '../engine/core/clock.ts';
import { bytesText, countText } from './figures.ts';
import type { Output } from './output.ts';

/** Shows how far a job is; told every view of it. */
export interface JobProgress {
  show(job: JobView): Promise<void>;
  /** Leaves the screen as it should stay. */
  end(): void;
}

/** A line at a change of phase, and at most this often in between. */
const LINE_EVERY_MS = 5000;

/** A bar on a terminal, else plain lines now and then, so that logs stay readable. */
export function createJobProgress(err: Output, clock: Clock): JobProgress {
  return err.isTerminal ? new ProgressBar(err) : new ProgressLines(err, clock);
}

class ProgressBar implements JobProgress {
  readonly #bar: SingleBar;
  #isShown = false;

  constructor(err: Output) {
    this.#bar = new SingleBar({
      format: '{phase} {bar} {percentage}%  {text}',
      barsize: 24,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      clearOnComplete: true,
      // Its listener for Ctrl-C would end the process before the job is cancelled.
      gracefulExit: false,
      stream: err.stream,
    });
  }

  show(job: JobView): Promise<void> {
    const { done, total } = amountOf(job);
    const payload = { phase: job.phase.padEnd(9), text: amountText(job) };
    if (!this.#isShown) this.#bar.start(total, done, payload);
    this.#isShown = true;
    this.#bar.setTotal(total);
    this.#bar.update(done, payload);
    return Promise.resolve();
  }

  end(): void {
    if (this.#isShown) this.#bar.stop();
  }
}

class ProgressLines implements JobProgress {
  readonly #err: Output;
  readonly #clock: Clock;
  #phase: JobView['phase'] | null = null;
  #shownAt = 0;

  constructor(err: Output, clock: Clock) {
    this.#err = err;
    this.#clock = clock;
  }

  async show(job: JobView): Promise<void> {
    const now = this.#clock.monotonic();
    if (job.phase === this.#phase && now - this.#shownAt < LINE_EVERY_MS) return;
    this.#phase = job.phase;
    this.#shownAt = now;
    await this.#err.line(`${job.phase}: ${amountText(job)}`.replace(/: $/, ' ...'));
  }

  end(): void {
    this.#phase = null;
  }
}

/** Bytes tell more than files, whose sizes differ by a thousand; some phases know files only. */
function amountOf(job: JobView): { readonly done: number; readonly total: number } {
  return job.totalBytes > 0
    ? { done: Math.min(job.doneBytes, job.totalBytes), total: job.totalBytes }
    : { done: Math.min(job.doneFiles, job.totalFiles), total: Math.max(1, job.totalFiles) };
}

/** Empty while it is still being counted. */
function amountText(job: JobView): string {
  if (job.totalFiles === 0 && job.totalBytes === 0) return '';
  const files = `${countText(job.doneFiles)} of ${countText(job.totalFiles)} files`;
  return job.totalBytes > 0 ? `${files}, ${bytesText(job.doneBytes)} of ${bytesText(job.totalBytes)}` : files;
}
