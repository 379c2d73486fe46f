/** A Redis that the package redis-memory-server downloads and builds in its own cache below node_modules. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { run } from './steps.mjs';

const require = createRequire(import.meta.url);

/** The engine looks in the same places (`downloadDirectories` in find-server.ts). */
export function memoryServerDirectories(root, home) {
  return [
    path.join(root, 'node_modules', '.cache', 'redis-memory-server', 'redis-binaries', 'stable'),
    path.join(home, '.cache', 'redis-binaries', 'stable'),
  ];
}

/** @returns {string | null} why it cannot be done here; null when it can */
export function memoryServerObstacle() {
  return installer() === null ? 'the package redis-memory-server is not installed' : null;
}

/** Runs what the package would have run when it was installed; package.json turns that off, this turns it on once. */
export async function buildMemoryServer(root, teller) {
  teller.step('asking redis-memory-server to download and build one, usually some minutes');
  const env = { ...process.env, REDISMS_DISABLE_POSTINSTALL: '0', INIT_CWD: root };
  await run(process.execPath, [installer()], { cwd: root, env, teller, label: 'redis-memory-server' });
}

function installer() {
  try {
    return require.resolve('redis-memory-server/scripts/postinstall.js');
  } catch {
    return null;
  }
}
