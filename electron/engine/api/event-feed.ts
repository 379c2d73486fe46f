/**
 * The server-sent events of all listeners. In: events of the engine. Out: for each connection the newest snapshot and the
 * newest view of each job, at most four times a second, so that a slow reader is late but never grows a queue.
 */
import type { ServerResponse } from 'node:http';
import type { EventTopic, Events } from '../../../shared/ipc.ts';
import type { EngineAccess } from '../contract.ts';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

const FLUSH_MS = 250;
/** Proxies and sleeping laptops cut a silent line without a word; a reader takes twice this as a cut. */
const HEARTBEAT_MS = 10_000;
/** A reader that has taken nothing for so long is gone. */
const STUCK_MS = 30_000;
const MOST_CONNECTIONS = 32;

interface Connection {
  readonly response: ServerResponse;
  /** Newest frame by topic and subject. */
  readonly waiting: Map<string, string>;
  writtenAt: number;
}

export class EventFeed {
  readonly #engine: EngineAccess;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #connections = new Set<Connection>();
  #listening: readonly Disposable[] = [];

  constructor(engine: EngineAccess, clock: Clock, logger: Logger) {
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** False when there are so many listeners already that one of them must be at fault. */
  get hasRoom(): boolean {
    return this.#connections.size < MOST_CONNECTIONS;
  }

  /** Takes over the response, which begins with the present snapshot. */
  async add(response: ServerResponse, headers: Readonly<Record<string, string>>): Promise<void> {
    const connection: Connection = { response, waiting: new Map(), writtenAt: this.#clock.monotonic() };
    this.#connections.add(connection);
    response.on('close', () => {
      this.#remove(connection);
    });
    // A broken pipe comes as an error first; `close` follows and does the rest.
    response.on('error', () => undefined);
    // `connection: close` because a socket kept alive after the stream would hold up the stop.
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close',
    });
    response.write(': connected\n\n');
    this.#listen();
    try {
      const snapshot = await this.#engine.handlers['status.get']({});
      const frame = frameOf('status.changed', snapshot);
      // Not over a newer one that has come meanwhile.
      if (!connection.waiting.has('status')) connection.waiting.set('status', frame);
    } catch (error) {
      this.#logger.warn('first snapshot of an event stream could not be read', { error: describeError(error) });
    }
  }

  /** Ends every stream at once. */
  close(): void {
    for (const connection of [...this.#connections]) {
      connection.response.end();
      this.#remove(connection);
    }
  }

  #remove(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    for (const listening of this.#listening) listening[Symbol.dispose]();
    this.#listening = [];
  }

  #listen(): void {
    if (this.#listening.length > 0) return;
    this.#listening = [
      this.#engine.on('status.changed', (snapshot) => {
        this.#offer('status', frameOf('status.changed', snapshot));
      }),
      this.#engine.on('job.changed', (job) => {
        this.#offer(`job ${job.id}`, frameOf('job.changed', job));
      }),
      this.#clock.every(FLUSH_MS, () => {
        for (const connection of [...this.#connections]) this.#flush(connection);
      }),
    ];
  }

  #offer(subject: string, frame: string): void {
    for (const { waiting } of this.#connections) waiting.set(subject, frame);
  }

  #flush(connection: Connection): void {
    const { response, waiting } = connection;
    const silentMs = this.#clock.monotonic() - connection.writtenAt;
    if (response.writableNeedDrain) {
      if (silentMs > STUCK_MS) response.destroy();
      return;
    }
    if (waiting.size === 0 && silentMs < HEARTBEAT_MS) return;
    response.write(waiting.size === 0 ? ': still here\n\n' : [...waiting.values()].join(''));
    waiting.clear();
    connection.writtenAt = this.#clock.monotonic();
  }
}

function frameOf<E extends EventTopic>(topic: E, payload: Events[E]): string {
  return `event: ${topic}\ndata: ${JSON.stringify(payload)}\n\n`;
}
