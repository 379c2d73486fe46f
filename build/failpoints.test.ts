import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { build } from 'vite';
import { FAILPOINTS, FAILPOINT_CHANNEL } from '../electron/engine/core/failpoint.ts';
import { programConfig, programEntries } from './build.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

it('what is released has no failpoint in it', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-bundle-'));
  onTestFinished(() => rm(folder, { recursive: true }));

  await build(programConfig(ROOT, folder, programEntries(ROOT)));

  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjs'));
  const text = (await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')))).join('\n');
  // The steps themselves are there.
  expect(text).toContain('XREADGROUP');
  // In quotes: a name may be part of a longer word of somebody else's.
  const literals = [...FAILPOINTS, FAILPOINT_CHANNEL].flatMap((name) => [`"${name}"`, `'${name}'`]);
  expect([...literals, 'failpoint'].filter((word) => text.includes(word))).toEqual([]);
});
