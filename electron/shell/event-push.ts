/**
 * Events on their way to the page: whole snapshots, the newest only, at most four a second of each topic, and nothing while
 * nobody can see the window. When it is shown again it gets the newest at once.
 */
import type { Events } from '../../shared/ipc.ts';
import type { Engine } from '../engine/contract.ts';
import type { Clock } from '../engine/core/clock.ts';
import { isAbort } from '../engine/core/errors.ts';

/** Shortest time between two events of one topic. */
export const LEAST_GAP_MS = 250;

/** What is needed of the window. */
export interface EventReceiver {
  readonly isVisible: boolean;
  send<E extends keyof Events>(topic: E, payload: Events[E]): void;
  onShown(listener: () => void): Disposable;
}

export interface EventPushOptions {
  readonly engine: Pick<Engine, 'on'>;
  readonly receiver: EventReceiver;
  readonly clock: Clock;
}

export class EventPush {
  readonly #options: EventPushOptions;
  readonly #waiting: { -readonly [E in keyof Events]?: Events[E] } = {};
  readonly #sentAt = new Map<keyof Events, number>();
  readonly #timers = new Set<keyof Events>();
  readonly #listening: Disposable[] = [];
  readonly #stopped = new AbortController();

  constructor(options: EventPushOptions) {
    this.#options = options;
  }

  start(): void {
    const { engine, receiver } = this.#options;
    this.#listening.push(
      engine.on('status.changed', (payload) => {
        this.#waiting['status.changed'] = payload;
        this.#offer('status.changed');
      }),
      engine.on('job.changed', (payload) => {
        this.#waiting['job.changed'] = payload;
        this.#offer('job.changed');
      }),
      receiver.onShown(() => {
        this.#offer('status.changed');
        this.#offer('job.changed');
      }),
    );
  }

  stop(): void {
    for (const listening of this.#listening.splice(0)) listening[Symbol.dispose]();
    this.#stopped.abort();
  }

  #offer(topic: keyof Events): void {
    if (!this.#options.receiver.isVisible || this.#timers.has(topic)) return;
    const sentAt = this.#sentAt.get(topic);
    const waitMs = sentAt === undefined ? 0 : sentAt + LEAST_GAP_MS - this.#options.clock.monotonic();
    if (waitMs <= 0) {
      this.#send(topic);
      return;
    }
    this.#timers.add(topic);
    this.#options.clock.sleep(waitMs, this.#stopped.signal).then(
      () => {
        this.#timers.delete(topic);
        this.#offer(topic);
      },
      (error: unknown) => {
        if (!isAbort(error)) throw error;
      },
    );
  }

  #send<E extends keyof Events>(topic: E): void {
    const payload = this.#waiting[topic];
    if (payload === undefined) return;
    this.#options.receiver.send(topic, payload);
    this.#sentAt.set(topic, this.#options.clock.monotonic());
    delete this.#waiting[topic];
  }
}
