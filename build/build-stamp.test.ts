import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { hashInputs, isBuilt, recordBuild } from './build-stamp.mjs';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'holdfast-stamp-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(path.join(root, 'electron'));
  await mkdir(path.join(root, 'dist/electron'), { recursive: true });
  await writeFile(path.join(root, 'electron/headless.ts'), 'one');
  await writeFile(path.join(root, 'dist/electron/headless.mjs'), 'one');
});

describe('isBuilt', () => {
  it('is false before the first build and true after it', () => {
    expect(isBuilt(root, 'program')).toBe(false);

    recordBuild(root, 'program', hashInputs(root, 'program'));

    expect(isBuilt(root, 'program')).toBe(true);
    expect(isBuilt(root, 'window')).toBe(false);
  });

  it.each([
    ['changed', 'electron/headless.ts'],
    ['added', 'electron/new.ts'],
  ])('is false once a source was %s', async (_what, file) => {
    recordBuild(root, 'program', hashInputs(root, 'program'));

    await writeFile(path.join(root, file), 'two');

    expect(isBuilt(root, 'program')).toBe(false);
  });

  it('does not mind a changed test', async () => {
    recordBuild(root, 'program', hashInputs(root, 'program'));

    await writeFile(path.join(root, 'electron/headless.test.ts'), 'test');

    expect(isBuilt(root, 'program')).toBe(true);
  });

  it('is false when the result is gone or the stamp is half written', async () => {
    recordBuild(root, 'program', hashInputs(root, 'program'));
    await writeFile(path.join(root, 'dist/.build.json'), '{"program": "');

    expect(isBuilt(root, 'program')).toBe(false);

    recordBuild(root, 'program', hashInputs(root, 'program'));
    await rm(path.join(root, 'dist/electron/headless.mjs'));

    expect(isBuilt(root, 'program')).toBe(false);
  });
});
