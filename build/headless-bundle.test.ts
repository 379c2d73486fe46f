import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { build } from 'vite';
import { programConfig } from './build.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** What a bundle takes from outside itself at run time. */
async function outsideImports(entry: string): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-bundle-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await build(programConfig(ROOT, folder, { [path.basename(entry, '.ts')]: path.join(ROOT, entry) }));
  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjs'));
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  // The bundler writes each import in one of these ways; `__require` is its own, for what CommonJS packages ask for.
  const pattern = /^(?:import|export) (?:.+ from )?"([^"]+)"|[^.\w]import\("([^"]+)"\)|__require\("([^"]+)"\)/gm;
  const names = texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3]));
  return [...new Set(names.filter((name) => name !== undefined && !name.startsWith('./')))].map(String);
}

describe('the bundle of headless.ts', () => {
  it('runs without Electron', async () => {
    const imports = await outsideImports('electron/headless.ts');

    expect(imports).toContain('node:os');
    expect(imports).toContain('better-sqlite3');
    expect(imports).not.toContain('electron');
  });

  it('leaves no package to be found at run time but the SQLite addon', async () => {
    const imports = await outsideImports('electron/headless.ts');

    expect(imports.filter((name) => !isBuiltin(name))).toEqual(['better-sqlite3']);
  });

  it('would be caught with Electron in it', async () => {
    expect(await outsideImports('electron/main.ts')).toContain('electron');
  });
});
