import { EngineError, StoreError } from './core/errors.ts';
import type { Operations } from './core/rpc.ts';
import type { StoreCalls, StoreThread } from './store-thread.ts';

export interface StoreLinkOptions<O extends Operations> {
  readonly start: () => Promise<StoreThread<O>>;
  /** A call has met damage. It is rejected all the same. */
  readonly onDamage: (error: EngineError) => void;
  /** The thread had ended by itself, and another one takes its place. */
  readonly onCrash: () => void;
}

/**
 * A thread of the store that others can hold on to while the thread itself is ended and begun again: when it has crashed, and when the
 * database is replaced. Begun with the first call.
 */
export class StoreLink<O extends Operations> implements StoreCalls<O> {
  readonly #options: StoreLinkOptions<O>;
  #thread: Promise<StoreThread<O>> | null = null;
  #current: StoreThread<O> | null = null;
  #isHeld = false;

  constructor(options: StoreLinkOptions<O>) {
    this.#options = options;
  }

  async call<K extends keyof O & string>(operation: K, ...args: Parameters<O[K]>): Promise<Awaited<ReturnType<O[K]>>> {
    try {
      const thread = await this.open();
      return await thread.call(operation, ...args);
    } catch (error) {
      if (isDamage(error)) this.#options.onDamage(error);
      throw error;
    }
  }

  /** The thread, begun if needed. Errors: those of opening the database; STORE_FAILED (retryable) while it is held. */
  open(): Promise<StoreThread<O>> {
    if (this.#isHeld) {
      return Promise.reject(
        new StoreError('STORE_FAILED', 'the database is being replaced; what comes meanwhile waits in the archive', {
          retryable: true,
        }),
      );
    }
    if (this.#current?.isEnded === true) {
      this.#current = null;
      this.#thread = null;
      this.#options.onCrash();
    }
    this.#thread ??= this.#begin();
    return this.#thread;
  }

  /** Ends the thread. Calls are rejected, as ones to be tried again, until {@link release}. @param how see `StoreThread` */
  async hold(how: 'close' | 'terminate'): Promise<void> {
    this.#isHeld = true;
    // One that is being started must not open the file after it was moved; why it could not start is told to who asked.
    const thread = await this.#thread?.catch(() => null);
    this.#thread = null;
    this.#current = null;
    await thread?.[how]();
  }

  release(): void {
    this.#isHeld = false;
  }

  async #begin(): Promise<StoreThread<O>> {
    try {
      this.#current = await this.#options.start();
      return this.#current;
    } catch (error) {
      this.#thread = null;
      throw error;
    }
  }
}

export function isDamage(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'STORE_CORRUPT';
}
