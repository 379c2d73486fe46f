import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repairRange } from './archive-repair.ts';

const CONTENT = Buffer.from('one\ntwo\nthree\nfour\n');
const RANGE = { start: 4, end: 14, sha256: createHash('sha256').update(CONTENT.subarray(4, 14)).digest('hex') };

describe('repairRange', () => {
  let folder = '';
  let archived = '';
  let source = '';

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-repair-'));
    archived = path.join(folder, 'archived');
    source = path.join(folder, 'source');
    await writeFile(archived, 'one\nxxx\nyyyyy\nfour\n');
    await writeFile(source, CONTENT);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('writes the bytes of the transcript over the damaged ones, and no others', async () => {
    await writeFile(source, Buffer.concat([CONTENT, Buffer.from('more')]));

    expect(await repairRange(archived, source, RANGE)).toBe('repaired');

    expect(await readFile(archived)).toEqual(CONTENT);
  });

  it.each<[string, () => Promise<void>]>([
    ['is gone', () => rm(source)],
    ['says something else there', () => writeFile(source, 'one\ntwo\nTHREE\nfour\n')],
    ['is shorter', () => writeFile(source, 'one\ntwo\n')],
  ])('touches nothing when the transcript %s', async (_how, change) => {
    const before = await readFile(archived);
    await change();

    expect(await repairRange(archived, source, RANGE)).toBe('no-source');
    expect(await repairRange(archived, null, RANGE)).toBe('no-source');

    expect(await readFile(archived)).toEqual(before);
  });

  it('never makes the archived file longer: that is for who appends to it', async () => {
    await writeFile(archived, 'one\nx');

    expect(await repairRange(archived, source, RANGE)).toBe('shorter');
    expect(await repairRange(path.join(folder, 'none'), source, RANGE)).toBe('shorter');

    expect(await readFile(archived, 'utf8')).toBe('one\nx');
  });
});
