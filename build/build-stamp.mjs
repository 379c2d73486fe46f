/**
 * Whether dist/ was built from the sources as they are now: a hash of what goes in, kept in dist/.build.json. Plain
 * JavaScript, because the command line asks too, before it knows its Node.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What is built, and from which files and folders. */
export const BUILD_PARTS = {
  program: ['electron', 'shared', 'package.json', 'build/build.ts'],
  window: ['renderer', 'shared', 'package.json', 'build/build.ts'],
};

const OUTPUTS = { program: 'dist/electron/headless.mjs', window: 'dist/renderer/index.html' };

function stampFile(root) {
  return path.join(root, 'dist', '.build.json');
}

function listFiles(target) {
  if (!existsSync(target)) return [];
  if (statSync(target).isFile()) return [target];
  return readdirSync(target, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => (entry.name.endsWith('.test.ts') ? [] : listFiles(path.join(target, entry.name))));
}

export function hashInputs(root, part) {
  const hash = createHash('sha256');
  for (const input of BUILD_PARTS[part]) {
    for (const file of listFiles(path.join(root, input))) {
      hash.update(`${path.relative(root, file)}\0`);
      hash.update(readFileSync(file));
      hash.update('\0');
    }
  }
  return hash.digest('hex');
}

function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampFile(root), 'utf8'));
  } catch {
    // No stamp, or half a one after a crash: everything counts as not built.
    return {};
  }
}

export function isBuilt(root, part) {
  return existsSync(path.join(root, OUTPUTS[part])) && readStamp(root)[part] === hashInputs(root, part);
}

/** @param hash of the inputs before the build read them, so that an edit during the build is built next time */
export function recordBuild(root, part, hash) {
  const file = stampFile(root);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, `${JSON.stringify({ ...readStamp(root), [part]: hash }, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}
