/**
 * Something long-lived. `start` resolves when it is ready to do its job and rejects otherwise; `stop` is idempotent,
 * drains, and never throws for being stopped twice. Constructors only store arguments.
 */
export interface Service {
  readonly name: string;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Starts services in the order given and stops them in the reverse one. A failed start undoes what had been started. */
export class ServiceGroup {
  readonly #services: readonly Service[];
  readonly #started: Service[] = [];

  constructor(services: readonly Service[]) {
    this.#services = services;
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const service of this.#services) {
      try {
        signal.throwIfAborted();
        await service.start(signal);
      } catch (error) {
        // Why it did not start is what people have to know, whether or not the rest could be stopped cleanly.
        await Promise.allSettled([this.stop()]);
        throw error;
      }
      this.#started.push(service);
    }
  }

  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let service = this.#started.pop(); service !== undefined; service = this.#started.pop()) {
      try {
        await service.stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some services did not stop cleanly');
  }
}
