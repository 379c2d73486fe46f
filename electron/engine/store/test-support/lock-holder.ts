/** A process that takes a lock and keeps it until it is killed. Argument: the file. Says `locked` or `refused`. */
import { FileLock } from '../database.ts';

const lock = FileLock.tryAcquire(process.argv[2] ?? '', null);
process.stdout.write(lock === null ? 'refused\n' : 'locked\n');
if (lock !== null) setInterval(() => lock, 60_000);
