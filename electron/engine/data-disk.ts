import type { SettingsFile } from './config/settings-file.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { Clock } from './core/clock.ts';
import type { Logger } from './core/logger.ts';
import { DiskWatch } from './disk/disk-watch.ts';
import { ReserveFile } from './disk/reserve-file.ts';

export interface DataDiskOptions {
  readonly settings: SettingsFile;
  readonly paths: DataPaths;
  /** False in a command: the reserve is the service's. */
  readonly keepsReserve: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MEGABYTE = 1_000_000;

/** The watch of the disks that the data folder is on, with the limits that the settings name. */
export function dataDisk({ settings, paths, keepsReserve, clock, logger }: DataDiskOptions): DiskWatch {
  const reserveBytes = Math.round(settings.get().disk.reserveMegabytes * MEGABYTE);
  return new DiskWatch({
    // Some people keep the archive, which is the larger part, on another disk.
    directories: [paths.home, paths.archiveDirectory],
    reserve: keepsReserve ? new ReserveFile(paths.reserve, reserveBytes) : null,
    limits: () => {
      const { warnBelowMegabytes, holdBelowMegabytes } = settings.get().disk;
      return { warnBelowBytes: warnBelowMegabytes * MEGABYTE, holdBelowBytes: holdBelowMegabytes * MEGABYTE };
    },
    clock,
    logger,
  });
}
