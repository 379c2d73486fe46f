/** Installs what package-lock.json names when it is not there. Plain JavaScript, as node-runtime.mjs. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Names of packages that the lock file asks for and the installed tree lacks or has in another version. Optional ones may
 * be absent: those for other platforms always are.
 * @param lock parsed package-lock.json
 * @param installed parsed node_modules/.package-lock.json, which npm writes last; null if there is none
 */
export function packagesToInstall(lock, installed) {
  const present = installed === null ? {} : installed.packages;
  return Object.entries(lock.packages)
    .filter(([name, wanted]) => {
      if (name === '' || wanted.link === true) return false;
      const found = present[name];
      if (found === undefined) return installed === null || wanted.optional !== true;
      return found.version !== wanted.version;
    })
    .map(([name]) => name.replace(/^node_modules\//, ''));
}

/**
 * `ci` gives exactly the lock file, without running a script of any package. It first removes node_modules, and Windows
 * cannot remove the Node that is running from there: then `install` changes only what differs.
 */
export function installArguments(platform, hasModules) {
  const command = platform === 'win32' && hasModules ? 'install' : 'ci';
  return [command, '--ignore-scripts', '--no-audit', '--no-fund'];
}

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function runNpm(root, args) {
  const options = { cwd: root, stdio: 'inherit' };
  // The npm that started us is the one whose Node and settings are known to work.
  const npm = process.env.npm_execpath;
  if (npm !== undefined && /npm-cli\.c?js$/.test(npm)) return spawnSync(process.execPath, [npm, ...args], options);
  const isWindows = process.platform === 'win32';
  return spawnSync(isWindows ? 'npm.cmd' : 'npm', args, { ...options, shell: isWindows });
}

/** @returns names of missing packages; empty when nothing is to do */
export function missingPackages(root) {
  return packagesToInstall(
    readJson(path.join(root, 'package-lock.json')),
    readJson(path.join(root, 'node_modules', '.package-lock.json')),
  );
}

/** @throws Error with a sentence for people */
export function installPackages(root) {
  const args = installArguments(process.platform, existsSync(path.join(root, 'node_modules')));
  const result = runNpm(root, args);
  if (result.error !== undefined) {
    throw new Error(`npm could not be started (${result.error.message}). Install Node with npm, then try again.`);
  }
  if (result.status !== 0) {
    throw new Error(
      `npm ${args.join(' ')} failed (exit code ${result.status}); its own message is above. Check that the network reaches the package registry, then try again.`,
    );
  }
}
