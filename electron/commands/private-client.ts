import type { ArgsOf, ResultOf, Topic } from '../../shared/ipc.ts';
import type { Engine } from '../engine/contract.ts';
import { dispatch } from '../engine/core/dispatch.ts';
import { fromEnvelope } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import type { EngineClient } from './engine-client.ts';

/** An engine of our own, which lives as long as the command. Errors: those of `Engine.start`. */
export async function startPrivateClient(context: CommandContext): Promise<EngineClient> {
  // Loaded only now: most commands talk to the running engine and never open the database.
  const { createEngine } = await import('../engine/engine.ts');
  const engine = createEngine({ ...context.engine, mode: 'command', rendererDirectory: null, desktop: null });
  await engine.start(context.interrupted());
  return new PrivateClient(engine);
}

class PrivateClient implements EngineClient {
  readonly isRunning = false;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<ResultOf<T>> {
    // The handlers are typed by topic; dispatch, which serves every topic, cannot say which result belongs to this one.
    return fromEnvelope(await dispatch(this.#engine.handlers, topic, args)) as ResultOf<T>;
  }

  async close(): Promise<void> {
    await this.#engine.stop();
  }
}
