import { StoreThread, type StoreCalls } from './store-thread.ts';
import type { UpkeepOperations, UpkeepWorkerData } from './upkeep-worker-contract.ts';

/** The thread that works on whole databases. There only while it is needed: begun with a call, ended by its owner. */
export class UpkeepThread implements StoreCalls<UpkeepOperations> {
  readonly #settings: UpkeepWorkerData;
  #thread: Promise<StoreThread<UpkeepOperations>> | null = null;

  constructor(settings: UpkeepWorkerData) {
    this.#settings = settings;
  }

  async call<K extends keyof UpkeepOperations>(
    operation: K,
    ...args: Parameters<UpkeepOperations[K]>
  ): Promise<Awaited<ReturnType<UpkeepOperations[K]>>> {
    this.#thread ??= StoreThread.startUpkeep(this.#settings);
    const thread = await this.#thread;
    return await thread.call(operation, ...args);
  }

  /** Ends it whatever it does: calls that are open are rejected. */
  async end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    // One that could not start has told so to whoever called it.
    await (await thread?.catch(() => null))?.terminate();
  }
}
