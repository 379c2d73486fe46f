/** What is done in the background so that what is saved stays saved: backups now and then, and the scrub. Composition only. */
import type { Upkeep } from '../../shared/status.ts';
import { repairRange } from './archive/archive-repair.ts';
import { BackupSchedule } from './backup/backup-schedule.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { SettingsFile } from './config/settings-file.ts';
import type { Clock } from './core/clock.ts';
import { StoreError } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import type { JobRunner } from './jobs/job-runner.ts';
import type { Recorder } from './recorder.ts';
import type { DiskWatch } from './disk/disk-watch.ts';
import { Scrubber, type ScrubPorts, type ScrubRange } from './scrub/scrubber.ts';
import { databaseSize } from './store/database.ts';
import type { StoreKeeper } from './store-keeper.ts';

export interface StoreUpkeepOptions {
  readonly keeper: StoreKeeper;
  readonly paths: DataPaths;
  readonly settings: SettingsFile;
  readonly disk: DiskWatch;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: () => Recorder | null;
}

const DAY_MS = 24 * 3_600_000;

export class StoreUpkeep {
  readonly backups: BackupSchedule;
  readonly #options: StoreUpkeepOptions;
  readonly #scrubber: Scrubber;

  constructor(options: StoreUpkeepOptions) {
    const { keeper, paths, settings, jobs, disk, clock, logger } = options;
    this.#options = options;
    this.backups = new BackupSchedule({
      shelf: keeper.backups,
      clock,
      logger: logger.child('backup'),
      settings: () => settings.get().backup,
      copy: (target) => keeper.copy(target),
      inspect: (file) => keeper.inspectCopy(file),
      mark: () => this.#mark(),
      room: () =>
        Promise.resolve({
          neededBytes: databaseSize(paths.database).sizeBytes,
          freeBytes: disk.facts.room?.freeBytes ?? null,
        }),
      isBusy: () => jobs.isBusy || keeper.isBusy || keeper.isRecovering,
    });
    this.#scrubber = new Scrubber({
      ports: this.#scrubPorts(),
      clock,
      logger: logger.child('scrub'),
      roundMs: () => settings.get().scrub.days * DAY_MS,
    });
  }

  get view(): Upkeep {
    const { keeper } = this.#options;
    const scrub = this.#scrubber.view;
    const databaseCheckedAt = keeper.checkedAt ?? scrub.databaseCheckedAt;
    return { recovery: keeper.recovery, backup: this.backups.view, scrub: { ...scrub, databaseCheckedAt } };
  }

  async start(): Promise<void> {
    await this.backups.start();
    this.#scrubber.start();
  }

  async stop(): Promise<void> {
    await this.backups.stop();
    await this.#scrubber.stop();
  }

  /** Another database is in use: what it remembers of the scrub counts. */
  reload(): void {
    this.#scrubber.reload();
  }

  async #mark(): Promise<string> {
    const { keeper, clock } = this.#options;
    const { records, exchanges, deadLetters, lastSaveAt } = await keeper.reader.call('counts', clock.now());
    return [records, exchanges, deadLetters, lastSaveAt ?? 0].join(' ');
  }

  #scrubPorts(): ScrubPorts {
    const { keeper, jobs } = this.#options;
    const { reader, checker } = keeper;
    return {
      totalBytes: () => checker.call('archivedBytes'),
      slice: (after, mostBytes) => checker.call('auditArchive', after, mostBytes),
      repair: (range) => this.#repair(range),
      checkDatabase: async () => {
        await keeper.check();
      },
      load: () => reader.call('upkeepState'),
      keep: (state) => this.#recorder().store.call('keepScrub', state),
      note: (range, repairedAt) => this.#recorder().store.call('noteDamage', range, repairedAt),
      isBusy: () => jobs.isBusy || keeper.isBusy || keeper.isRecovering,
    };
  }

  async #repair(range: ScrubRange): Promise<boolean> {
    const { archive, registry, capturer } = this.#recorder();
    const outcome = await repairRange(archive.fileOf(range.archivePath), range.sourcePath, range);
    if (outcome !== 'shorter') return outcome === 'repaired';
    const file = registry.get(range.archivePath);
    if (file === undefined || file.state === 'past') return false;
    // What was cut off is copied from the transcript again, by the one who writes this file.
    await capturer.reconcile({ thorough: true, paths: [file.sourcePath] });
    return (await archive.sizeOf(range.archivePath)) >= range.end;
  }

  #recorder(): Recorder {
    const recorder = this.#options.recorder();
    if (recorder === null) throw new StoreError('STORE_FAILED', 'nothing is recording', { retryable: true });
    return recorder;
  }
}
