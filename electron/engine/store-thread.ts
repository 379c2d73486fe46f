import { Worker } from 'node:worker_threads';
import { ERROR_CODES, type ErrorCode } from '../../shared/error-code.ts';
import { EngineError, StoreError } from './core/errors.ts';
import { RpcClient, type Operations } from './core/rpc.ts';
import type { StoreWorkerData } from './store-worker-contract.ts';
import type { UpkeepOperations, UpkeepWorkerData } from './upkeep-worker-contract.ts';

/** In source the worker is TypeScript, which Node strips; in a bundle it lies beside the entry. */
function workerUrl(name: WorkerName): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'mjs';
  return new URL(`./${name}.${extension}`, import.meta.url);
}

type WorkerName = 'store-worker' | 'upkeep-worker';

/** What others need of a thread. */
export type StoreCalls<O extends Operations> = Pick<StoreThread<O>, 'call'>;

/** One worker thread with its own database connection. */
export class StoreThread<O extends Operations> {
  readonly #worker: Worker;
  readonly #client: RpcClient<O>;
  readonly #ended: Promise<void>;
  #isEnded = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#client = new RpcClient<O>(worker);
    worker.on('error', (error) => {
      this.#client.close(
        new StoreError('STORE_FAILED', 'the store has stopped unexpectedly', { cause: error, retryable: true }),
      );
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#isEnded = true;
        this.#client.close(new StoreError('STORE_FAILED', 'the store is closed', { retryable: true }));
        resolve();
      });
    });
  }

  /** Errors: SCHEMA_TOO_NEW, STORE_CORRUPT, STORE_FAILED: what opening the database gives. */
  static start<O extends Operations>(data: StoreWorkerData): Promise<StoreThread<O>> {
    return StoreThread.#start('store-worker', data);
  }

  /** The thread for upkeep opens a database only for as long as it works on it. */
  static startUpkeep(data: UpkeepWorkerData): Promise<StoreThread<UpkeepOperations>> {
    return StoreThread.#start('upkeep-worker', data);
  }

  static async #start<O extends Operations>(name: WorkerName, data: object): Promise<StoreThread<O>> {
    const worker = new Worker(workerUrl(name), { workerData: data });
    const thread = new StoreThread<O>(worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => {
        resolve();
      });
      worker.once('error', (error) => {
        reject(startError(error));
      });
      worker.once('exit', () => {
        reject(new StoreError('STORE_FAILED', 'the store ended while it was started', { retryable: true }));
      });
    });
    return thread;
  }

  /** The thread is gone, closed or crashed; every call is rejected. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Rejects with the store's error codes. */
  call<K extends keyof O & string>(operation: K, ...args: Parameters<O[K]>): Promise<Awaited<ReturnType<O[K]>>> {
    return this.#client.call(operation, args);
  }

  /** Finishes what is under way, closes the database, ends the thread. Idempotent; a thread that is gone is closed. */
  async close(): Promise<void> {
    if (this.#isEnded) return;
    try {
      await this.#client.call('close', [] as unknown as Parameters<O[string]>);
    } catch (error) {
      // The end of the thread closes its connection, too; what was committed is safe in either case.
      if (!(error instanceof EngineError)) throw error;
    } finally {
      await this.#worker.terminate();
      await this.#ended;
    }
  }

  /** Ends the thread without waiting for what it does. For threads that only read. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.#ended;
  }
}

/** An error that crossed from a worker is a plain Error with the fields of ours. */
function startError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { code, retryable } = error as Error & { readonly code?: unknown; readonly retryable?: unknown };
  if (!isErrorCode(code)) return error;
  return new EngineError(code, error.message, { cause: error, retryable: retryable === true });
}

function isErrorCode(code: unknown): code is ErrorCode {
  return ERROR_CODES.some((known) => known === code);
}
