/** The program in a folder of its own, without the Redis that was prepared in the clone: to see it do without one. */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

const CLONE = path.resolve(import.meta.dirname, '..');

/**
 * Run what is in it with a PATH that leads to no Redis, and with a HOME that has no built one in its cache.
 * @returns the folder, with `electron/cli.ts` and `electron/headless.ts`
 */
export function copyProgramWithoutRedis(target: string): string {
  mkdirSync(path.join(target, 'node_modules'), { recursive: true });
  for (const name of ['electron', 'shared', 'package.json']) {
    cpSync(path.join(CLONE, name), path.join(target, name), { recursive: true });
  }
  const packages = path.join(CLONE, 'node_modules');
  // Not the folder itself: a built Redis may lie in its cache.
  for (const name of readdirSync(packages).filter((entry) => !entry.startsWith('.'))) {
    symlinkSync(path.join(packages, name), path.join(target, 'node_modules', name));
  }
  return target;
}
