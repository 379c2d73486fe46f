/**
 * A process that takes part in races for locks. Each line is `<epoch ms> <file>`: it takes the lock of that file at that moment,
 * so that several do it at the same one, answers `locked` or `refused`, and keeps it until the next line.
 */
import { createInterface } from 'node:readline';
import { FileLock } from '../database.ts';

let held: FileLock | null = null;
createInterface({ input: process.stdin }).on('line', (line) => {
  const [at = '', file = ''] = line.split(' ');
  held?.release();
  while (Date.now() < Number(at));
  held = FileLock.tryAcquire(file, process.env['HOLDFAST_SQLITE_BINDING'] ?? null);
  process.stdout.write(held === null ? 'refused\n' : 'locked\n');
});
