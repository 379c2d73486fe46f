import type { FollowOutcome } from './transcript-tailer.ts';

export interface FollowRequest {
  readonly path: string;
  readonly thorough: boolean;
}

type Lane = 'live' | 'bulk';

interface Waiting {
  request: FollowRequest;
  readonly promise: Promise<FollowOutcome>;
  readonly settle: (outcome: FollowOutcome) => void;
}

/** Files that are read at the same time: enough to overlap their disk syncs. */
const CONCURRENCY = 4;

/**
 * Runs one look per path at a time, a few paths together, live ones before those of an import. A path that is asked for
 * while it waits is looked at once; while it runs, once more afterwards.
 */
export class FollowQueue {
  readonly #look: (request: FollowRequest) => Promise<FollowOutcome>;
  readonly #waiting: Readonly<Record<Lane, Map<string, Waiting>>> = { live: new Map(), bulk: new Map() };
  readonly #running = new Map<string, Promise<void>>();
  #isOpen = false;

  constructor(look: (request: FollowRequest) => Promise<FollowOutcome>) {
    this.#look = look;
  }

  open(): void {
    this.#isOpen = true;
  }

  /** Refuses more, lets what is under way come to its end. */
  async close(): Promise<void> {
    this.#isOpen = false;
    for (const lane of Object.values(this.#waiting)) {
      for (const waiting of lane.values()) waiting.settle('blocked');
      lane.clear();
    }
    await Promise.all(this.#running.values());
  }

  add(path: string, lane: Lane, thorough = false): Promise<FollowOutcome> {
    if (!this.#isOpen) return Promise.resolve('blocked');
    const waiting = this.#waiting.live.get(path) ?? this.#waiting.bulk.get(path) ?? newWaiting(path);
    waiting.request = { path, thorough: waiting.request.thorough || thorough };
    if (lane === 'live') this.#waiting.bulk.delete(path);
    if (!this.#waiting.live.has(path)) this.#waiting[lane].set(path, waiting);
    this.#pump();
    return waiting.promise;
  }

  #pump(): void {
    while (this.#isOpen && this.#running.size < CONCURRENCY) {
      const next = this.#take('live') ?? this.#take('bulk');
      if (next === null) return;
      const { path } = next.request;
      this.#running.set(
        path,
        this.#look(next.request).then((outcome) => {
          this.#running.delete(path);
          next.settle(outcome);
          this.#pump();
        }),
      );
    }
  }

  #take(lane: Lane): Waiting | null {
    for (const [path, waiting] of this.#waiting[lane]) {
      if (this.#running.has(path)) continue;
      this.#waiting[lane].delete(path);
      return waiting;
    }
    return null;
  }
}

function newWaiting(path: string): Waiting {
  let settle: (outcome: FollowOutcome) => void = () => undefined;
  const promise = new Promise<FollowOutcome>((resolve) => {
    settle = resolve;
  });
  return { request: { path, thorough: false }, promise, settle };
}
