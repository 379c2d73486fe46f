import type { ArgsOf, ResultOf, Topic } from '../../shared/ipc.ts';

/** Whatever answers a command: the running engine, or one that lives as long as the command. */
export interface EngineClient {
  /** True for the running engine. */
  readonly isRunning: boolean;
  /** Errors: those of the request, and ENGINE_NOT_RUNNING when the engine goes away meanwhile. */
  call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<ResultOf<T>>;
  close(): Promise<void>;
}
