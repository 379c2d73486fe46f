#!/usr/bin/env node
// The command `holdfast` in a clone: under a Node that is new enough, the built command line if it was built from the
// sources as they are, else the sources themselves.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isBuilt } from '../build/build-stamp.mjs';
import { endWithNpm, findNode, runInForeground, tooOldMessage, typeScriptFlags } from '../build/node-runtime.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

async function run(args) {
  if (!existsSync(path.join(root, 'node_modules', '.package-lock.json'))) {
    console.error('The packages are not installed yet: run "npm start" (or "npm ci") in this folder first.');
    return 2;
  }
  const node = findNode(root);
  if (node.kind === 'none') {
    console.error(tooOldMessage(process.version));
    return 2;
  }
  const built = path.join(root, 'dist', 'electron', 'cli.mjs');
  const isCurrent = existsSync(built) && isBuilt(root, 'program');
  const entry = isCurrent ? built : path.join(root, 'electron', 'cli.ts');
  if (node.kind === 'running' && (isCurrent || process.features.typescript)) {
    process.argv[1] = entry;
    await import(pathToFileURL(entry).href);
    return undefined;
  }
  const flags = isCurrent ? [] : typeScriptFlags(node.version);
  return runInForeground(node.execPath, [...flags, entry, ...args]);
}

endWithNpm();
const exitCode = await run(process.argv.slice(2));
// In this very process the command line has set its own.
if (exitCode !== undefined) process.exitCode = exitCode;
