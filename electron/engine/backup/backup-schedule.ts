/**
 * Makes a backup now and then by itself: when the last one is old enough, and something was saved since. In: the settings, asked each
 * time. Out: backups on the shelf, and how things stand. A failure is told and tried again with the next look.
 */
import type { BackupView, Upkeep } from '../../../shared/status.ts';
import type { Settings } from '../../../shared/settings.ts';
import type { Clock } from '../core/clock.ts';
import { BackupError, describeError, isAbort } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { BackupShelf, CopyPorts } from './backup-shelf.ts';

export interface BackupScheduleOptions extends CopyPorts {
  readonly shelf: BackupShelf;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: () => Settings['backup'];
  /** Changes with everything that is saved. */
  readonly mark: () => Promise<string>;
  /** What a copy needs, and what there is; null: not known. */
  readonly room: () => Promise<{ readonly neededBytes: number; readonly freeBytes: number | null }>;
  /** Something else has precedence: a job, a recovery. */
  readonly isBusy: () => boolean;
}

const LOOK_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
/** After a failure the disk is left in peace for a while. */
const AGAIN_AFTER_MS = 15 * 60_000;
/** A backup must not be what fills the disk: so much stays free. */
const LEFT_FREE_BYTES = 1_000_000_000;

export class BackupSchedule {
  readonly #options: BackupScheduleOptions;
  #timer: Disposable | null = null;
  #looking: Promise<void> | null = null;
  #failedAt: number | null = null;
  #view: Upkeep['backup'] = { lastAt: null, kept: 0, failure: null };

  constructor(options: BackupScheduleOptions) {
    this.#options = options;
  }

  get view(): Upkeep['backup'] {
    return this.#view;
  }

  async start(): Promise<void> {
    await this.#refresh();
    this.#timer = this.#options.clock.every(LOOK_EVERY_MS, () => {
      void this.look();
    });
  }

  /** Whoever makes the copies has to be interrupted before, or this waits for the one under way. */
  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    await this.#looking;
  }

  /** Makes a backup if one is due. Never rejects. */
  async look(): Promise<void> {
    if (this.#looking !== null || this.#options.isBusy()) return;
    this.#looking = this.#lookNow().catch((error: unknown) => {
      if (!isAbort(error)) this.#options.logger.error('a backup failed', { error: describeError(error) });
    });
    await this.#looking;
    this.#looking = null;
  }

  async #lookNow(): Promise<void> {
    if (await this.#isDue()) await this.take();
  }

  /** Makes a backup now. Errors: BACKUP_FAILED, BACKUP_DAMAGED. */
  async take(): Promise<BackupView> {
    const { shelf, clock, settings, mark, logger } = this.#options;
    try {
      await this.#assertRoom();
      const made = await shelf.take(this.#options, { at: clock.now(), mark: await mark(), keep: settings().keep });
      this.#failedAt = null;
      await this.#refresh(null);
      logger.info('a backup was made', { name: made.name, bytes: made.bytes });
      return made;
    } catch (error) {
      this.#failedAt = clock.monotonic();
      await this.#refresh(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #isDue(): Promise<boolean> {
    const { shelf, clock, settings, mark } = this.#options;
    if (this.#failedAt !== null && clock.monotonic() - this.#failedAt < AGAIN_AFTER_MS) return false;
    const [latest] = await shelf.list();
    if (latest === undefined) return true;
    const age = clock.now() - latest.at;
    // One from the future was made while the clock was wrong: its age is unknown, so it counts as old.
    if (age >= 0 && age < settings().everyHours * HOUR_MS) return false;
    return (await shelf.markOf(latest.name)) !== (await mark());
  }

  async #assertRoom(): Promise<void> {
    const { neededBytes, freeBytes } = await this.#options.room();
    if (freeBytes === null || freeBytes - neededBytes >= LEFT_FREE_BYTES) return;
    throw new BackupError(
      'BACKUP_FAILED',
      `The database was not backed up: the disk has only ${(freeBytes / 1e9).toFixed(1)} GB left. ` +
        'The backups that there are were kept; the next one is made once there is room.',
      { retryable: true },
    );
  }

  async #refresh(failure: string | null = this.#view.failure): Promise<void> {
    const all = await this.#options.shelf.list();
    this.#view = { lastAt: all[0]?.at ?? null, kept: all.length, failure };
  }
}
