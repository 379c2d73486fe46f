/**
 * What `npm start` and `npm test` do before anything else, on whatever Node they were started with: install the packages,
 * find a Node that is new enough, and go on in TypeScript under that one. Plain JavaScript, as node-runtime.mjs.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { endWithNpm, findNode, runInForeground, tooOldMessage, typeScriptFlags } from './node-runtime.mjs';
import { installPackages, missingPackages } from './packages.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {string} program the .ts file beside this one that does the work; it exports `run(args): Promise<number>`
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code
 */
export async function bootstrap(program, args) {
  endWithNpm();
  try {
    preparePackages();
    const node = findNode(ROOT);
    if (node.kind === 'none') {
      console.error(tooOldMessage(process.version));
      return 2;
    }
    console.log(
      `[2] Node: ${node.version}${node.kind === 'packaged' ? ` from node_modules (yours is ${process.version}, too old)` : ''}`,
    );
    if (node.kind === 'running' && process.features.typescript) return await runHere(program, args);
    const entry = path.join(ROOT, 'build', 'run-program.mjs');
    return await runInForeground(node.execPath, [...typeScriptFlags(node.version), entry, program, ...args]);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

function preparePackages() {
  const missing = missingPackages(ROOT);
  if (missing.length === 0) {
    console.log('[1] Packages: installed');
  } else {
    console.log(`[1] Packages: ${missing.length} to install with npm, usually half a minute to two minutes ...`);
    const startedAt = Date.now();
    installPackages(ROOT);
    console.log(`    installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }
}

/** Loads the program and runs it in this process, with this Node first on the PATH of whatever it starts. */
export async function runHere(program, args) {
  const folders = [path.dirname(process.execPath), path.join(ROOT, 'node_modules', '.bin'), process.env.PATH ?? ''];
  process.env.PATH = folders.join(path.delimiter);
  const module = await import(pathToFileURL(path.join(ROOT, 'build', program)).href);
  return module.run(args);
}
