import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareHome } from './prepare-home.ts';

describe('prepareHome', () => {
  let directory = '';

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'holdfast-home-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('creates a private folder with its parents and leaves nothing in it', async () => {
    const home = path.join(directory, 'a', 'b');

    await prepareHome(home);

    expect(await readdir(home)).toEqual([]);
    const bits = (await stat(home)).mode & 0o777;
    expect(process.platform === 'win32' || bits === 0o700).toBe(true);
  });

  it('keeps a folder that is already there, with its files', async () => {
    await writeFile(path.join(directory, 'holdfast.db'), 'kept');

    await prepareHome(directory);

    expect(await readdir(directory)).toEqual(['holdfast.db']);
  });

  it('says in one sentence that a file is in the way', async () => {
    const file = path.join(directory, 'file');
    await writeFile(file, 'kept');

    const refused = prepareHome(path.join(file, 'home'));

    await expect(refused).rejects.toMatchObject({ name: 'ConfigError', code: 'DATA_FOLDER_UNWRITABLE' });
    await expect(refused).rejects.toThrow(/cannot write to its data folder .*a file is in the place of a folder/);
    await expect(refused).rejects.toThrow(/HOLDFAST_HOME/);
  });
});
