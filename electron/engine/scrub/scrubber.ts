/**
 * Reads everything that is archived once within a week, slowly, and compares it with the hash it had when it was saved; at the end of
 * each round the database is read through. In: slices of the archive. Out: repaired ranges, ranges that nothing can repair, and how
 * far the round is. Its position survives a restart. Gives way to whatever is being saved.
 */
import { z } from 'zod';
import type { ArchiveDamage, Upkeep } from '../../../shared/status.ts';
import type { EpochMs } from '../../../shared/time.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError, describeError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

export interface ScrubPosition {
  readonly generation: number;
  readonly start: number;
}

export interface ScrubRange {
  readonly archivePath: string;
  readonly sourcePath: string | null;
  readonly start: number;
  readonly end: number;
  readonly sha256: string;
}

export interface ScrubPorts {
  totalBytes(): Promise<number>;
  /** Reads about so many bytes on from a position. */
  slice(
    after: ScrubPosition,
    mostBytes: number,
  ): Promise<{
    readonly damaged: readonly ScrubRange[];
    readonly sound: readonly { readonly archivePath: string; readonly start: number }[];
    readonly bytes: number;
    readonly next: ScrubPosition | null;
  }>;
  /** Puts a range right from its transcript. False: that is not possible. */
  repair(range: ScrubRange): Promise<boolean>;
  /** Reads the database through; what it finds is put right elsewhere. */
  checkDatabase(): Promise<void>;
  load(): Promise<{
    readonly scrub: string | null;
    readonly repaired: number;
    readonly damaged: readonly ArchiveDamage[];
  }>;
  keep(state: string): Promise<void>;
  note(range: ArchiveDamage, repairedAt: EpochMs | null): Promise<void>;
  /** Saving has precedence. */
  isBusy(): boolean;
}

export interface ScrubberOptions {
  readonly ports: ScrubPorts;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Length of a round, asked each time. */
  readonly roundMs: () => number;
}

const LOOK_EVERY_MS = 10_000;
/** One slice holds up a verification for about this long to read. */
const SLICE_BYTES = 8 * 1024 * 1024;
/** Less than this is not worth waking the disk. */
const LEAST_BYTES = 256 * 1024;
/** A machine that was off catches up, but leaves the disk to others most of the time. */
const SLICES_A_LOOK = 8;
const SHOWN = 5;
const START = { generation: -1, start: -1 } as const;

const stateSchema = z.object({
  roundStartedAt: z.number().nullable(),
  position: z.object({ generation: z.number(), start: z.number() }),
  doneBytes: z.number(),
  totalBytes: z.number(),
  lastRoundAt: z.number().nullable(),
  databaseCheckedAt: z.number().nullable(),
});
type State = z.infer<typeof stateSchema>;

const NEW_STATE: State = {
  roundStartedAt: null,
  position: START,
  doneBytes: 0,
  totalBytes: 0,
  lastRoundAt: null,
  databaseCheckedAt: null,
};

export class Scrubber {
  readonly #options: ScrubberOptions;
  #timer: Disposable | null = null;
  #work: Promise<void> | null = null;
  #isStopped = false;
  #state: State = NEW_STATE;
  #isLoaded = false;
  #repaired = 0;
  #damaged: readonly ArchiveDamage[] = [];

  constructor(options: ScrubberOptions) {
    this.#options = options;
  }

  get view(): Upkeep['scrub'] {
    const { position: _, ...state } = this.#state;
    return {
      ...state,
      doneBytes: Math.min(state.doneBytes, state.totalBytes),
      repaired: this.#repaired,
      damaged: this.#damaged.length,
      damagedRanges: this.#damaged.slice(0, SHOWN),
    };
  }

  start(): void {
    const everyMs = Math.min(LOOK_EVERY_MS, Math.max(250, this.#options.roundMs() / 4));
    this.#timer = this.#options.clock.every(everyMs, () => {
      void this.look();
    });
    void this.look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    await this.#work;
  }

  /** Another database is in use: what it remembers of the scrub counts. */
  reload(): void {
    this.#isLoaded = false;
  }

  /** Reads what is due by now. Never rejects. */
  async look(): Promise<void> {
    if (this.#work !== null || this.#isStopped || this.#options.ports.isBusy()) return;
    this.#work = this.#lookNow().catch((error: unknown) => {
      if (this.#isStopped) return;
      // The database is being replaced, or a file cannot be read right now: the next look goes on from here.
      const level = error instanceof EngineError && error.retryable ? 'debug' : 'warn';
      this.#options.logger[level]('the scrub was interrupted', { error: describeError(error) });
    });
    await this.#work;
    this.#work = null;
  }

  async #lookNow(): Promise<void> {
    const { ports } = this.#options;
    await this.#load();
    if (this.#state.roundStartedAt === null) await this.#begin();
    for (let slices = 0; slices < SLICES_A_LOOK && !this.#isStopped && !ports.isBusy(); slices += 1) {
      const { position, doneBytes, totalBytes } = this.#state;
      const share = this.#shareOfTime();
      const dueBytes = Math.ceil(totalBytes * share) - doneBytes;
      // At the end of its time a round goes on to its end, whatever was added since it began.
      if (share < 1 && dueBytes < LEAST_BYTES) return;
      const mostBytes = share < 1 ? Math.min(SLICE_BYTES, dueBytes) : SLICE_BYTES;
      const { next, bytes, damaged, sound } = await ports.slice(position, mostBytes);
      await this.#judge(damaged, sound);
      if (next === null) {
        await this.#finish();
        return;
      }
      this.#state = { ...this.#state, position: next, doneBytes: doneBytes + bytes };
      await this.#keep();
    }
  }

  /** How much of the round's time has passed, 0…1. */
  #shareOfTime(): number {
    const elapsed = this.#options.clock.now() - (this.#state.roundStartedAt ?? 0);
    // Set back, the clock says nothing about how long the round has been under way.
    return elapsed < 0 ? 1 : Math.min(1, elapsed / this.#options.roundMs());
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    const { scrub, repaired, damaged } = await this.#options.ports.load();
    const kept = stateSchema.safeParse(scrub === null ? null : parseOrNull(scrub));
    this.#state = kept.success ? kept.data : NEW_STATE;
    this.#repaired = repaired;
    this.#damaged = damaged;
    this.#isLoaded = true;
  }

  async #begin(): Promise<void> {
    const totalBytes = await this.#options.ports.totalBytes();
    const roundStartedAt = this.#options.clock.now();
    this.#state = { ...this.#state, roundStartedAt, totalBytes, doneBytes: 0, position: START };
    await this.#keep();
  }

  async #finish(): Promise<void> {
    const { ports, clock, logger } = this.#options;
    await ports.checkDatabase();
    const { totalBytes } = this.#state;
    const now = clock.now();
    logger.info('everything was read once and compared', { bytes: totalBytes, damaged: this.#damaged.length });
    this.#state = { ...this.#state, doneBytes: totalBytes, lastRoundAt: now, databaseCheckedAt: now };
    await this.#begin();
  }

  async #judge(
    damaged: readonly ScrubRange[],
    sound: readonly { readonly archivePath: string; readonly start: number }[],
  ): Promise<void> {
    const { ports, clock, logger } = this.#options;
    for (const range of damaged) {
      const { archivePath, start, end } = range;
      const isRepaired = await ports.repair(range);
      const level = isRepaired ? 'warn' : 'error';
      logger[level]('the archive was damaged', { path: archivePath, start, end, repaired: isRepaired });
      await ports.note({ archivePath, start, end, foundAt: clock.now() }, isRepaired ? clock.now() : null);
    }
    const healed = this.#damaged.filter((known) =>
      sound.some((range) => range.archivePath === known.archivePath && range.start === known.start),
    );
    for (const range of healed) await ports.note(range, clock.now());
    if (damaged.length + healed.length === 0) return;
    const { repaired, damaged: left } = await ports.load();
    this.#repaired = repaired;
    this.#damaged = left;
  }

  async #keep(): Promise<void> {
    await this.#options.ports.keep(JSON.stringify(this.#state));
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
