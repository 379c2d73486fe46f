/**
 * Files of which something is archived and was not given to the queue yet: it had no room, it was changed, or it has lost
 * what it had. They are handed over as room comes, those of live conversations first; archiving does not wait for it.
 */
import { describeError, isAbort } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { LostSegments } from './lost-segments.ts';
import { demandHandOver, isBehind, type TrackedFile } from './tracked-file.ts';
import type { TranscriptRegistry } from './transcript-registry.ts';

export interface HandOverBacklogOptions {
  readonly registry: TranscriptRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when the queue has room. Rejects with an AbortError. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** Gives the file's segments to the queue, as far as there is room. */
  readonly handOver: (file: TrackedFile) => Promise<void>;
  /** False while there is no queue, or while saving fails: then what is not committed is not lost, it waits. */
  readonly queueMoves: () => boolean;
  /** A person may be waiting to see it. */
  readonly isHot: (file: TrackedFile) => boolean;
  /** It could not be read from the archive: its source has to be looked at again. */
  readonly onFailed: (file: TrackedFile, error: unknown) => void;
}

/** Files that are handed over at the same time: enough that the queue's answers need not be waited for one by one. */
const CONCURRENCY = 4;
/** How often positions that stand still are looked for. */
const LOOK_FOR_LOST_MS = 5000;

export class HandOverBacklog {
  readonly #options: HandOverBacklogOptions;
  readonly #lost: LostSegments;
  readonly #live = new Set<TrackedFile>();
  readonly #bulk = new Set<TrackedFile>();
  readonly #workers = new Set<Promise<void>>();
  /** Null: closed. */
  #open: AbortSignal | null = null;
  #lookedForLostAt = -Infinity;

  constructor(options: HandOverBacklogOptions) {
    this.#options = options;
    this.#lost = new LostSegments(() => options.clock.monotonic());
  }

  /** How many files wait. */
  get size(): number {
    return this.#live.size + this.#bulk.size;
  }

  open(signal: AbortSignal): void {
    this.#open = signal;
    this.#pump();
  }

  /** Call it after the signal it was opened with has fired. What waits is found again by the next start. */
  async close(): Promise<void> {
    this.#open = null;
    await Promise.all(this.#workers);
  }

  /** Remembers a file of which something is left; any other is passed over. */
  add(file: TrackedFile): void {
    if (!isBehind(file) || isHalfCopied(file)) return;
    if (this.#options.isHot(file)) {
      this.#bulk.delete(file);
      this.#live.add(file);
    } else if (!this.#live.has(file)) this.#bulk.add(file);
    this.#pump();
  }

  /** A file, or all of them (null), again from the committed position. */
  requeue(archivePath: string | null): void {
    const { registry } = this.#options;
    const file = archivePath === null ? undefined : registry.get(archivePath);
    const files = archivePath === null ? [...registry.all()] : file === undefined ? [] : [file];
    for (const tracked of files) {
      demandHandOver(tracked);
      this.add(tracked);
    }
  }

  /** What the queue has lost without a word is handed over again. Looks only every few seconds, however often it is asked. */
  findLostSometimes(): void {
    if (this.#options.clock.monotonic() - this.#lookedForLostAt >= LOOK_FOR_LOST_MS) this.findLost();
  }

  findLost(): void {
    const { registry, logger, queueMoves, clock } = this.#options;
    this.#lookedForLostAt = clock.monotonic();
    if (!queueMoves()) {
      this.#lost.forget();
      return;
    }
    const demanded = this.#lost.demandAgain(registry.all());
    if (demanded === 0) return;
    logger.warn('queued segments were lost on their way', { files: demanded });
    for (const file of registry.all()) this.add(file);
  }

  #pump(): void {
    const signal = this.#open;
    if (signal === null) return;
    for (let more = Math.min(CONCURRENCY, this.size) - this.#workers.size; more > 0; more -= 1) {
      const worker = this.#work(signal)
        .catch((error: unknown) => {
          if (!isAbort(error)) this.#options.logger.error('handing over ended', { error: describeError(error) });
        })
        .finally(() => this.#workers.delete(worker));
      this.#workers.add(worker);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { room, handOver, onFailed } = this.#options;
    while (this.size > 0) {
      await room(signal);
      const file = this.#take();
      if (file === null) return;
      try {
        await handOver(file);
        // No room any more: it comes last, so that one long file does not hold up the others.
        this.add(file);
      } catch (error) {
        onFailed(file, error);
      }
    }
  }

  #take(): TrackedFile | null {
    for (const lane of [this.#live, this.#bulk]) {
      for (const file of lane) {
        lane.delete(file);
        return file;
      }
    }
    return null;
  }
}

/** What is one segment as a whole is handed over by the look that ends its copy. */
function isHalfCopied(file: TrackedFile): boolean {
  return file.kind !== 'lines' && file.state === 'live' && file.mark === null;
}
