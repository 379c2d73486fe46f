import { ERROR_CODES } from '../../shared/error-code.ts';
import type { ErrorCode } from '../../shared/error-code.ts';
import type { ArgsOf } from '../../shared/ipc.ts';
import type { JobReport, JobView } from '../../shared/status.ts';
import { EngineError, isAbort } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import type { EngineClient } from './engine-client.ts';
import { createJobProgress } from './job-progress.ts';

const LOOK_EVERY_MS = 200;

/**
 * Starts a job, shows its progress and waits for its end. Ctrl-C cancels the job and still waits, so that the engine is
 * left in order. Errors: JOB_CANCELLED, and whatever made the job fail.
 */
export async function runJob(
  context: CommandContext,
  client: EngineClient,
  args: ArgsOf<'jobs.start'>,
): Promise<JobReport> {
  const { id } = await client.call('jobs.start', args);
  const progress = createJobProgress(context.err, context.clock);
  try {
    const job = await follow(context, client, id, (view) => progress.show(view));
    return reportOf(job);
  } finally {
    progress.end();
  }
}

async function follow(
  context: CommandContext,
  client: EngineClient,
  id: string,
  show: (job: JobView) => Promise<void>,
): Promise<JobView> {
  const interrupted = context.interrupted();
  let isCancelled = false;
  for (;;) {
    if (interrupted.aborted && !isCancelled) {
      isCancelled = true;
      await context.err.line('Cancelling ... press Ctrl-C again to leave at once.');
      await client.call('jobs.cancel', { id });
    }
    const job = await client.call('jobs.get', { id });
    if (job.state !== 'running') return job;
    await show(job);
    await pause(context, isCancelled ? undefined : interrupted);
  }
}

/** An interrupt ends the pause early; what to do about it is decided at the top of the loop. */
async function pause(context: CommandContext, interrupted: AbortSignal | undefined): Promise<void> {
  try {
    await context.clock.sleep(LOOK_EVERY_MS, interrupted);
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
}

function reportOf(job: JobView): JobReport {
  if (job.state === 'cancelled') {
    throw new EngineError('JOB_CANCELLED', 'Cancelled: what was saved so far stays saved; run it again to go on.');
  }
  if (job.state === 'failed' || job.report === null) {
    const { code, message } = job.error ?? { code: 'INTERNAL', message: 'The job ended without a report.' };
    throw new EngineError(isErrorCode(code) ? code : 'INTERNAL', message);
  }
  return job.report;
}

function isErrorCode(code: string): code is ErrorCode {
  return ERROR_CODES.some((known) => known === code);
}
