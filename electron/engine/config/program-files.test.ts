import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programFiles } from './program-files.ts';

describe('programFiles', () => {
  let root = '';

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'holdfast-program-'));
    await mkdir(path.join(root, 'dist', 'electron'), { recursive: true });
    await writeFile(path.join(root, 'package.json'), '{"name":"holdfast","version":"9.8.7"}');
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('finds the program from the sources and from the bundle', () => {
    for (const start of ['electron', path.join('dist', 'electron')]) {
      expect(programFiles(path.join(root, start))).toEqual({
        root,
        version: '9.8.7',
        resourcesDirectory: path.join(root, 'resources'),
        rendererDirectory: null,
      });
    }
  });

  it('passes over the manifest of a package in between', async () => {
    await writeFile(path.join(root, 'dist', 'package.json'), '{"type":"module"}');

    expect(programFiles(path.join(root, 'dist', 'electron')).root).toBe(root);
  });

  it('offers the window once it is built', async () => {
    const renderer = path.join(root, 'dist', 'renderer');
    await mkdir(renderer);
    await writeFile(path.join(renderer, 'index.html'), '<!doctype html>');

    expect(programFiles(root).rendererDirectory).toBe(renderer);
  });
});
