import { Worker } from 'node:worker_threads';
import { EngineError, StoreError } from './core/errors.ts';
import { RpcClient, type Operations } from './core/rpc.ts';
import type { StoreWorkerData } from './store-worker-contract.ts';

/** In source the worker is TypeScript, which Node strips; in a bundle it lies beside the entry. */
function workerUrl(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'mjs';
  return new URL(`./store-worker.${extension}`, import.meta.url);
}

/** One worker thread with its own database connection. */
export class StoreThread<O extends Operations> {
  readonly #worker: Worker;
  readonly #client: RpcClient<O>;

  private constructor(worker: Worker, client: RpcClient<O>) {
    this.#worker = worker;
    this.#client = client;
  }

  /** Errors: SCHEMA_TOO_NEW, STORE_CORRUPT, STORE_FAILED: what opening the database gives. */
  static async start<O extends Operations>(data: StoreWorkerData): Promise<StoreThread<O>> {
    const worker = new Worker(workerUrl(), { workerData: data });
    const client = new RpcClient<O>(worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => {
        resolve();
      });
      worker.once('error', (error) => {
        reject(startError(error));
      });
    });
    worker.on('error', (error) => {
      client.close(
        new StoreError('STORE_FAILED', 'the store has stopped unexpectedly', { cause: error, retryable: true }),
      );
    });
    worker.on('exit', () => {
      client.close(new StoreError('STORE_FAILED', 'the store is closed', { retryable: true }));
    });
    return new StoreThread(worker, client);
  }

  /** Rejects with the store's error codes. */
  call<K extends keyof O & string>(operation: K, ...args: Parameters<O[K]>): Promise<Awaited<ReturnType<O[K]>>> {
    return this.#client.call(operation, args);
  }

  /** Finishes what is under way, closes the database, ends the thread. */
  async close(): Promise<void> {
    await this.#client.call('close' as keyof O & string, [] as unknown as Parameters<O[keyof O & string]>);
    await this.#worker.terminate();
  }
}

/** An error that crossed from a worker is a plain Error with the fields of ours. */
function startError(error: unknown): unknown {
  if (error instanceof Error && 'code' in error && !(error instanceof EngineError) && 'retryable' in error) {
    return fromWorker(error);
  }
  return error;
}

function fromWorker(error: Error): EngineError {
  const code = (error as Error & { readonly code: EngineError['code'] }).code;
  return new EngineError(code, error.message, { cause: error });
}
