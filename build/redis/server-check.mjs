/** Finds out whether a file is a Redis or Valkey that runs here and is new enough. The engine asks the same of it again. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { run } from './steps.mjs';

const OLDEST = [6, 2];

/** @param {string} platform @returns {readonly string[]} */
export function serverNames(platform) {
  const suffix = platform === 'win32' ? '.exe' : '';
  return [`redis-server${suffix}`, `valkey-server${suffix}`];
}

/**
 * @param {string} file
 * @returns {Promise<string | null>} `redis 7.0.15`; null when it does not run or is too old
 */
export async function serverVersion(file) {
  if (!existsSync(file)) return null;
  const libraries = path.join(path.dirname(file), 'lib');
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  const env = existsSync(libraries) ? { ...process.env, [variable]: libraries } : process.env;
  try {
    const match = /^(redis|valkey) server v=((\d+)\.(\d+)\S*)/im.exec(await run(file, ['--version'], { env }));
    if (match === null) return null;
    const [major, minor] = [Number(match[3]), Number(match[4])];
    const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
    return isNewEnough ? `${match[1].toLowerCase()} ${match[2]}` : null;
  } catch {
    return null;
  }
}

/**
 * @param {readonly string[]} directories in order
 * @returns {Promise<{ file: string, version: string } | null>} the first good server
 */
export async function firstServerIn(directories, platform) {
  for (const directory of directories) {
    for (const name of serverNames(platform)) {
      const file = path.join(directory, name);
      const version = await serverVersion(file);
      if (version !== null) return { file, version };
    }
  }
  return null;
}
