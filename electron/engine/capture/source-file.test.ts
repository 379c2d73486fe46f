import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSourceError, openSource, readFully } from './source-file.ts';
import { CaptureBed } from './test-support/capture-bed.ts';
import { write } from './test-support/source-files.ts';

describe('openSource', () => {
  it('does not wait for somebody to write into a FIFO', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await mkdir(path.dirname(file), { recursive: true });
    execFileSync('mkfifo', [file]);

    const source = await openSource(file);
    const stats = await source.stat();
    await source.close();

    expect(stats.isFile()).toBe(false);
  });

  it('refuses a link, as a file that cannot be read', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await mkdir(path.dirname(file), { recursive: true });
    await symlink('/etc/hostname', file);

    const error: unknown = await openSource(file).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'ELOOP' });
    expect(isSourceError(error)).toBe(true);
  });
});

describe('readFully', () => {
  it('fills the buffer from a position on, as far as the file goes', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), '0123456789');
    await using source = await openSource(bed.session('s'));
    const buffer = Buffer.alloc(6, '-');

    const first = [await readFully(source, buffer, 2), buffer.toString()];
    const last = [await readFully(source, buffer, 7), buffer.toString('utf8', 0, 3)];

    expect(first).toEqual([6, '234567']);
    expect(last).toEqual([3, '789']);
    expect(await readFully(source, buffer, 20)).toBe(0);
  });
});
