import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { syncDirectory, writeFileAtomic } from './atomic-file.ts';

async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'holdfast-atomic-test-'));
  return { path: directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

describe('writeFileAtomic', () => {
  it('writes text and bytes, for the owner alone unless it is told otherwise', async () => {
    await using folder = await temporaryFolder();
    const [text, bytes] = [path.join(folder.path, 'text'), path.join(folder.path, 'bytes')];

    await writeFileAtomic(text, 'ü\n');
    await writeFileAtomic(bytes, Buffer.from([0, 255]), 0o644);

    expect(await readFile(text, 'utf8')).toBe('ü\n');
    expect(await readFile(bytes)).toEqual(Buffer.from([0, 255]));
    expect((await stat(text)).mode & 0o777).toBe(0o600);
    expect((await stat(bytes)).mode & 0o777).toBe(0o644);
  });

  it('replaces a file as a whole', async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, 'file');
    await writeFile(file, 'a long content');
    const { ino } = await stat(file);

    await writeFileAtomic(file, 'short');

    expect(await readFile(file, 'utf8')).toBe('short');
    expect((await stat(file)).ino).not.toBe(ino);
  });

  it('leaves the whole content of one of several that write at the same time, and nothing else', async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, 'file');
    const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(1000));

    await Promise.all(contents.map((content) => writeFileAtomic(file, content)));

    expect(contents).toContain(await readFile(file, 'utf8'));
    expect(await readdir(folder.path)).toEqual(['file']);
  });

  it('leaves what was there, and no rest of its own, when it fails', async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, 'taken');
    await mkdir(path.join(file, 'below'), { recursive: true });

    await expect(writeFileAtomic(file, 'x')).rejects.toThrow();
    await expect(writeFileAtomic(path.join(folder.path, 'absent', 'x'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(folder.path)).toEqual(['taken']);
  });
});

describe('syncDirectory', () => {
  it('reports a folder that is not there', async () => {
    await using folder = await temporaryFolder();

    await expect(syncDirectory(folder.path)).resolves.toBeUndefined();
    await expect(syncDirectory(path.join(folder.path, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
