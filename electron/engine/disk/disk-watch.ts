/**
 * Watches the room on the disks of the data folder. Measures every two seconds; holds recording while there is too little, and
 * lets it go on as soon as there is enough; gives the reserve back when the disk is full, and takes it again afterwards.
 */
import { statfs } from 'node:fs/promises';
import type { EpochMs } from '../../../shared/time.ts';
import type { Clock } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { describeError, systemErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Service } from '../core/service.ts';
import { isNoRoom, levelOf, resumesAt, type DiskLevel, type DiskLimits } from './disk-level.ts';
import type { ReserveFile } from './reserve-file.ts';

/** In bytes. */
export interface DiskRoom {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface DiskWatchOptions {
  /** What is written goes here, perhaps to several disks: the fullest counts. One that is not there yet is passed over. */
  readonly directories: readonly string[];
  /** Null: none is kept. */
  readonly reserve: ReserveFile | null;
  /** Asked at each look, so that changed settings count at once. */
  readonly limits: () => DiskLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: asks the system. Null: not known. */
  readonly measure?: (directory: string) => Promise<DiskRoom | null>;
}

/** What is known about the disk. */
export interface DiskFacts extends DiskLimits {
  readonly level: DiskLevel;
  /** Null: could not be measured. */
  readonly room: DiskRoom | null;
  readonly heldSince: EpochMs | null;
  /** Room that is kept back for a full disk; 0 while it is given back. */
  readonly reserveBytes: number;
}

const LOOK_EVERY_MS = 2000;
/** Writing the reserve is the only proof that a refused disk takes something again; it must not be done all the time. */
const TAKE_AGAIN_MS = 4000;

export class DiskWatch implements Service {
  readonly name = 'disk';
  readonly #options: DiskWatchOptions;
  readonly #changed = new Emitter<DiskLevel>();
  #stop = new AbortController();
  #timer: Disposable | null = null;
  #looks: Promise<void> = Promise.resolve();
  #isLooking = false;
  #room: DiskRoom | null = null;
  #level: DiskLevel = 'ok';
  #heldSince: EpochMs | null = null;
  /** A write found no room although there may be some by the figures: a quota, or no room for more names. */
  #isRefused = false;
  #triedToTakeAt = -Infinity;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  get facts(): DiskFacts {
    const { reserve, limits } = this.#options;
    return {
      ...limits(),
      level: this.#level,
      room: this.#room,
      heldSince: this.#heldSince,
      reserveBytes: reserve?.isHeld === true ? reserve.sizeBytes : 0,
    };
  }

  /** Nothing is to be recorded now. */
  get isHeld(): boolean {
    return this.#level === 'held';
  }

  /** Called with the new level after each change of it. */
  onChange(listener: (level: DiskLevel) => void): Disposable {
    return this.#changed.on(listener);
  }

  /** Resolves when the room has been measured. The reserve is taken in the background. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#stop = new AbortController();
    await this.#options.reserve?.look();
    this.#room = await this.#measure();
    this.#setLevel();
    this.#lookSoon();
    this.#timer = this.#options.clock.every(LOOK_EVERY_MS, () => {
      this.#lookSoon();
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    await this.#looks;
  }

  /** Measures now and does what follows from it. */
  look(): Promise<void> {
    this.#looks = this.#looks.then(() => this.#look());
    return this.#looks;
  }

  /** Gives the reserve back when there is so little room that the program could not even start. */
  async makeRoomToStart(): Promise<void> {
    const { reserve } = this.#options;
    await reserve?.look();
    const room = await this.#measure();
    if (room !== null && room.freeBytes < this.#releasesBelow) await reserve?.release();
  }

  /** Something could not be written. Other failures than a lack of room are passed over. */
  noteRefusal(error: unknown): void {
    if (!isNoRoom(error)) return;
    this.#isRefused = true;
    this.#lookSoon();
  }

  get #releasesBelow(): number {
    const { reserve, limits } = this.#options;
    return Math.min(reserve?.sizeBytes ?? 0, limits().holdBelowBytes);
  }

  #lookSoon(): void {
    if (this.#isLooking || this.#stop.signal.aborted) return;
    this.#isLooking = true;
    void this.look().finally(() => (this.#isLooking = false));
  }

  async #look(): Promise<void> {
    try {
      this.#room = await this.#measure();
      // Before the reserve is given back: what is under way must come to rest, or it would use that up as well.
      this.#setLevel();
      await this.#tendReserve();
      this.#setLevel();
    } catch (error) {
      this.#options.logger.error('looking at the disk failed', { error: describeError(error) });
    }
  }

  async #measure(): Promise<DiskRoom | null> {
    const { directories, measure = roomOf } = this.#options;
    const rooms = await Promise.all(directories.map((directory) => measure(directory)));
    const known = rooms.filter((room) => room !== null);
    return known.toSorted((one, other) => one.freeBytes - other.freeBytes)[0] ?? null;
  }

  async #tendReserve(): Promise<void> {
    const { reserve, clock, limits, logger } = this.#options;
    const free = this.#room?.freeBytes ?? null;
    if (free === null) return;
    if (reserve?.isHeld === true && (this.#isRefused || free < this.#releasesBelow)) {
      this.#triedToTakeAt = free < resumesAt(limits()) ? -Infinity : clock.monotonic();
      await reserve.release();
      logger.warn('the reserve was given back', { freeBytes: free });
      return;
    }
    // Room that has come since the last look is worth a try at once.
    if (free < resumesAt(limits())) this.#triedToTakeAt = -Infinity;
    if (free < resumesAt(limits()) || clock.monotonic() - this.#triedToTakeAt < TAKE_AGAIN_MS) return;
    this.#triedToTakeAt = clock.monotonic();
    const hasRoom = reserve !== null && free - reserve.sizeBytes >= resumesAt(limits());
    // Without room for the reserve nothing can be proved: what is refused next will tell.
    if (!hasRoom || (await reserve.take(this.#stop.signal))) this.#isRefused = false;
  }

  #setLevel(): void {
    const { clock, logger, limits } = this.#options;
    if (this.#room === null) return;
    const { freeBytes } = this.#room;
    const level = this.#isRefused ? 'held' : levelOf(freeBytes, limits(), this.#level);
    if (level === this.#level) return;
    this.#level = level;
    this.#heldSince = level === 'held' ? clock.now() : null;
    if (level === 'held') logger.error('recording was held: the disk is full', { freeBytes });
    else if (level === 'low') logger.warn('the disk was nearly full', { freeBytes });
    else logger.info('the disk had room again', { freeBytes });
    this.#changed.emit(level);
  }
}

async function roomOf(directory: string): Promise<DiskRoom | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return null;
  }
}
