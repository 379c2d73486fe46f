/**
 * Builds dist/: the programs for Node and Electron's main process, the preload script, the window. Run by Node directly;
 * a part whose sources have not changed since is left as it is.
 */
import { existsSync, globSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type InlineConfig } from 'vite';
import { type BuildPart, hashInputs, isBuilt, recordBuild } from './build-stamp.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');

/** The oldest Node and Chrome that the bundles meet: those of the Electron that desktop tests may have to use. */
const NODE_TARGET = 'node20';
const CHROME_TARGET = 'chrome130';

/**
 * Left to be found at run time: what Electron or Node brings, and the addon, whose binary has to stay a file. Everything
 * else goes into the bundle, so that what is installed is what was tested.
 */
const EXTERNAL = ['electron', 'better-sqlite3', ...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** Name of a bundle to its source: the entries, and each worker under the name by which the engine starts it. */
export function programEntries(root: string): Readonly<Record<string, string>> {
  const entries = ['main', 'headless', 'cli'].map((name) => `electron/${name}.ts`);
  const workers = globSync('electron/engine/*-worker.ts', { cwd: root });
  return Object.fromEntries(
    [...entries, ...workers]
      .filter((file) => existsSync(path.join(root, file)))
      .map((file) => [path.basename(file, '.ts'), path.join(root, file)]),
  );
}

/**
 * Bundles for Node. All land in one folder, shared chunks too: the engine finds its workers beside the file it runs from.
 */
export function programConfig(root: string, outDir: string, entries: Readonly<Record<string, string>>): InlineConfig {
  return {
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    resolve: { conditions: ['node'], mainFields: ['module', 'main'] },
    ssr: { noExternal: true, external: ['electron', 'better-sqlite3'], target: 'node' },
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      target: NODE_TARGET,
      sourcemap: true,
      minify: false,
      rolldownOptions: {
        input: { ...entries },
        external: EXTERNAL,
        // Calls whose result nobody uses are left out: what is released cannot be ended at its failpoints.
        treeshake: { manualPureFunctions: ['failpoint'] },
        output: { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: 'chunk-[name]-[hash].mjs' },
      },
    },
  };
}

/** A sandboxed preload cannot be an ES module, and has to be one file. */
function preloadConfig(root: string, outDir: string): InlineConfig {
  const base = programConfig(root, outDir, { preload: path.join(root, 'electron/preload.ts') });
  return {
    ...base,
    build: {
      ...base.build,
      emptyOutDir: false,
      rolldownOptions: {
        ...base.build?.rolldownOptions,
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  };
}

async function buildProgram(root: string): Promise<void> {
  const outDir = path.join(root, 'dist/electron');
  await build(programConfig(root, outDir, programEntries(root)));
  if (existsSync(path.join(root, 'electron/preload.ts'))) await build(preloadConfig(root, outDir));
}

/** The window's own configuration says how; this says where to and for which browser. */
async function buildWindow(root: string): Promise<void> {
  await build({
    configFile: path.join(root, 'renderer/vite.config.ts'),
    root: path.join(root, 'renderer'),
    base: './',
    logLevel: 'warn',
    build: { outDir: path.join(root, 'dist/renderer'), emptyOutDir: true, target: CHROME_TARGET },
  });
}

const PARTS: readonly { readonly part: BuildPart; readonly title: string; run(root: string): Promise<void> }[] = [
  { part: 'program', title: 'the recorder', run: buildProgram },
  { part: 'window', title: 'the window', run: buildWindow },
];

/**
 * Builds what is out of date.
 * @param say told in one line about each part
 */
export async function buildChanged(root: string, say: (line: string) => void): Promise<void> {
  for (const { part, title, run } of PARTS) {
    if (isBuilt(root, part)) {
      say(`${title}: unchanged`);
      continue;
    }
    const startedAt = performance.now();
    const hash = hashInputs(root, part);
    await run(root);
    recordBuild(root, part, hash);
    say(`${title}: built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
}

const startedFile = process.argv[1];
if (startedFile !== undefined && import.meta.url === pathToFileURL(startedFile).href) {
  await buildChanged(ROOT, (line) => {
    console.log(line);
  });
}
