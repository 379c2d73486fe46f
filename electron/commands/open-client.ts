import { readRunningEngine } from '../engine/config/engine-record.ts';
import { EngineError } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import type { EngineClient } from './engine-client.ts';
import { HttpClient } from './http-client.ts';
import { startPrivateClient } from './private-client.ts';

/** A command is patient with an engine that is just starting, or with another command that is about to end. */
const TRIES = 20;
const RETRY_MS = 500;

/** The running engine, or null. */
export async function findRunningClient(context: CommandContext): Promise<EngineClient | null> {
  const running = await readRunningEngine(context.engine.home);
  return running === null ? null : new HttpClient(running.record.apiUrl, running.token);
}

/**
 * The running engine, else a private one.
 * Errors: those of `Engine.start`; ENGINE_ALREADY_RUNNING when another program keeps the data folder and does not answer.
 */
export async function openClient(context: CommandContext): Promise<EngineClient> {
  for (let attempt = 1; ; attempt += 1) {
    const running = await findRunningClient(context);
    if (running !== null) return running;
    try {
      return await startPrivateClient(context);
    } catch (error) {
      const isHeld = error instanceof EngineError && error.code === 'ENGINE_ALREADY_RUNNING';
      if (!isHeld || attempt >= TRIES) throw error;
      await context.clock.sleep(RETRY_MS, context.interrupted());
    }
  }
}

/** Runs `task` with a client and closes it whatever happens. */
export async function withClient<T>(context: CommandContext, task: (client: EngineClient) => Promise<T>): Promise<T> {
  const client = await openClient(context);
  try {
    return await task(client);
  } finally {
    await client.close();
  }
}
