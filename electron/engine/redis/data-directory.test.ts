import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isManifestMissing, quarantine } from './data-directory.ts';

describe('the data directory', () => {
  let root: string;
  let data: string;

  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'holdfast-data-'));
    data = path.join(root, 'data');
    await mkdir(data);
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it('lacks a manifest only when there is something to list', async () => {
    const log = path.join(data, 'appendonlydir');
    expect(await isManifestMissing(data)).toBe(false);
    await mkdir(log);
    expect(await isManifestMissing(data)).toBe(false);
    await writeFile(path.join(log, 'appendonly.aof.1.incr.aof'), 'x');
    expect(await isManifestMissing(data)).toBe(true);
    await writeFile(path.join(log, 'appendonly.aof.manifest'), 'x');
    expect(await isManifestMissing(data)).toBe(false);
  });

  it('is moved aside whole, and the three newest of these are kept', async () => {
    for (const hour of [1, 2, 3, 4, 5]) {
      await writeFile(path.join(data, `file-${hour}`), '');
      await quarantine(data, root, hour * 3_600_000);
    }

    expect((await readdir(root)).toSorted()).toEqual([
      'data',
      'quarantine-1970-01-01T03-00-00-000Z',
      'quarantine-1970-01-01T04-00-00-000Z',
      'quarantine-1970-01-01T05-00-00-000Z',
    ]);
    expect(await readdir(path.join(root, 'quarantine-1970-01-01T05-00-00-000Z'))).toEqual(['file-5']);
    expect(await readdir(data)).toEqual([]);
  });
});
