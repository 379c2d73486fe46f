import { systemClock, type Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { DiskWatch } from '../disk-watch.ts';

/** The disk of a folder, however full it is. */
export function anyDisk(directory: string, clock: Clock = systemClock): DiskWatch {
  const limits = () => ({ warnBelowBytes: 1, holdBelowBytes: 1 });
  return new DiskWatch({ directories: [directory], reserve: null, limits, clock, logger: silentLogger });
}
