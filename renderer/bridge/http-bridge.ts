import type { Envelope } from '../../shared/error-code.ts';
import type { ArgsOf, Bridge, EventTopic, Events, ResultOf, Topic } from '../../shared/ipc.ts';
import { texts } from '../texts/en.ts';
import { CallError, unwrap } from './call-error.ts';
import { EventStreamReader } from './event-stream.ts';

export interface HttpBridgeOptions {
  /** Bearer token of the loopback API. */
  readonly token: string;
  /** Called once when the server refuses the token: only a new address helps. */
  readonly onRefused: () => void;
}

type Listeners = { readonly [E in EventTopic]: Set<(payload: Events[E]) => void> };

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** A snapshot comes at least each second; a line that is silent for so long was cut without a word (sleep, tunnel). */
const SILENCE_MS = 20_000;

/**
 * The bridge of a window that is served over loopback HTTP: calls are `POST /api/call/<topic>`, events one
 * `GET /api/events` stream for all listeners, reopened with growing pauses when it breaks.
 */
export class HttpBridge implements Bridge {
  readonly #token: string;
  readonly #onRefused: () => void;
  readonly #listeners: Listeners = { 'status.changed': new Set(), 'job.changed': new Set() };
  #stream: AbortController | null = null;

  constructor(options: HttpBridgeOptions) {
    this.#token = options.token;
    this.#onRefused = options.onRefused;
  }

  async call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<ResultOf<T>> {
    const response = await this.#fetch(`/api/call/${topic}`, {
      method: 'POST',
      headers: { ...this.#authorization(), 'Content-Type': 'application/json' },
      body: JSON.stringify(args),
    });
    // The server's validated answer: this is the edge where its type is taken on trust.
    return unwrap((await response.json()) as Envelope<ResultOf<T>>);
  }

  on<E extends EventTopic>(topic: E, listener: (payload: Events[E]) => void): () => void {
    this.#listeners[topic].add(listener);
    if (this.#stream === null) {
      this.#stream = new AbortController();
      void this.#follow(this.#stream.signal);
    }
    return () => {
      this.#listeners[topic].delete(listener);
      if (Object.values(this.#listeners).every((set) => set.size === 0)) this.close();
    };
  }

  /** Ends the event stream. */
  close(): void {
    this.#stream?.abort();
    this.#stream = null;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let pauseMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        await this.#readEvents(signal, () => {
          pauseMs = FIRST_RETRY_MS;
        });
      } catch (error) {
        if (signal.aborted || (error instanceof CallError && error.code === 'UNAUTHORIZED')) return;
      }
      await waitFor(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_RETRY_MS);
    }
  }

  async #readEvents(signal: AbortSignal, onEvent: () => void): Promise<void> {
    const silence = new AbortController();
    const response = await this.#fetch('/api/events', {
      headers: { ...this.#authorization(), Accept: 'text/event-stream' },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    const pieces = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const reader = new EventStreamReader();
    let watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      for (let piece = await pieces?.read(); piece?.value !== undefined; piece = await pieces?.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
        for (const { event, data } of reader.push(piece.value)) {
          onEvent();
          if (event === 'status.changed' || event === 'job.changed') this.#dispatch(event, data);
        }
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  #dispatch<E extends EventTopic>(topic: E, data: string): void {
    const payload = JSON.parse(data) as Events[E];
    for (const listener of this.#listeners[topic]) listener(payload);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const response = await fetch(path, { ...init, cache: 'no-store', credentials: 'omit' }).catch((error: unknown) => {
      throw new CallError({ code: 'ENGINE_NOT_RUNNING', message: texts.errors.unreachable, retryable: true }, error);
    });
    if (response.status === 401) {
      this.#onRefused();
      throw new CallError({ code: 'UNAUTHORIZED', message: texts.errors.refused, retryable: false });
    }
    return response;
  }

  #authorization(): { readonly Authorization: string } {
    return { Authorization: `Bearer ${this.#token}` };
  }
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
