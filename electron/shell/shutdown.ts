import type { Clock } from '../engine/core/clock.ts';
import { describeError, isAbort } from '../engine/core/errors.ts';
import type { Logger } from '../engine/core/logger.ts';

/** Time in which everything has ended, or is left as it is: nothing that counts as saved can be lost by that. */
export const STOP_WITHIN_MS = 5000;

export interface ShutdownOptions {
  /** Ends every part. */
  readonly stop: () => Promise<void>;
  /** Ends the process. */
  readonly exit: (code: number) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One way out, whoever asks for it: the menu, a signal, the system, a failed start. The first one wins. */
export class Shutdown {
  readonly #options: ShutdownOptions;
  #running: Promise<void> | null = null;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** @param code exit code if everything ends in time; 1 if not */
  request(code = 0): Promise<void> {
    this.#running ??= this.#run(code);
    return this.#running;
  }

  async #run(code: number): Promise<void> {
    const { stop, exit, clock, logger } = this.#options;
    const ended = new AbortController();
    const stopped = stop().then(
      () => code,
      (error: unknown) => {
        logger.error('a part did not stop cleanly', { error: describeError(error) });
        return 1;
      },
    );
    const expired = clock.sleep(STOP_WITHIN_MS, ended.signal).then(
      () => {
        logger.error('a part did not stop in time', { withinMs: STOP_WITHIN_MS });
        return 1;
      },
      (error: unknown) => {
        if (!isAbort(error)) throw error;
        return code;
      },
    );
    const result = await Promise.race([stopped, expired]);
    ended.abort();
    exit(result);
  }
}
