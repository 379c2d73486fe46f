import { demandHandOver, handedOverEnd, type TrackedFile } from './tracked-file.ts';

/** A queue that works has taken what it got to the store within a moment. */
const LOST_AFTER_MS = 30_000;

interface Standstill {
  readonly committed: number;
  /** Monotonic ms. */
  readonly since: number;
}

/**
 * Notices what the queue has lost without a word: a file whose handed-over bytes are not committed, and whose position has
 * not moved between two looks. They are handed over again; the store ignores what it has got after all.
 */
export class LostSegments {
  readonly #monotonic: () => number;
  readonly #standstills = new Map<string, Standstill>();

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Starts anew: while nothing moves at all, nothing can be told to be lost. */
  forget(): void {
    this.#standstills.clear();
  }

  /** @returns how many files are to be handed over again */
  demandAgain(files: Iterable<TrackedFile>): number {
    const now = this.#monotonic();
    let demanded = 0;
    for (const file of files) {
      const known = this.#standstills.get(file.archivePath);
      if (file.segmenter === null || file.committed >= handedOverEnd(file)) {
        this.#standstills.delete(file.archivePath);
      } else if (known?.committed !== file.committed) {
        this.#standstills.set(file.archivePath, { committed: file.committed, since: now });
      } else if (now - known.since >= LOST_AFTER_MS) {
        this.#standstills.delete(file.archivePath);
        demandHandOver(file);
        demanded += 1;
      }
    }
    return demanded;
  }
}
