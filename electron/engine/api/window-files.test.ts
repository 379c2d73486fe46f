import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WindowFiles } from './window-files.ts';

describe('WindowFiles', () => {
  let root = '';
  let directory = '';

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'holdfast-window-'));
    directory = path.join(root, 'renderer');
    await mkdir(path.join(directory, 'assets'), { recursive: true });
    await writeFile(path.join(directory, 'index.html'), '<!doctype html>');
    await writeFile(path.join(directory, 'assets', 'main-B0tT0mUp.js'), 'go()');
    await writeFile(path.join(directory, 'a name.svg'), '<svg/>');
    await writeFile(path.join(root, 'secret'), 'secret');
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('gives the window at the root and keeps it fresh', async () => {
    const files = await WindowFiles.list(directory);

    const page = await files.read('/');

    expect(page).toMatchObject({ contentType: 'text/html; charset=utf-8', cacheControl: 'no-store' });
    expect(page?.content.toString()).toBe('<!doctype html>');
    expect(await files.read('/index.html')).toEqual(page);
  });

  it('lets what has a hash in its name be kept', async () => {
    const files = await WindowFiles.list(directory);

    expect(await files.read('/assets/main-B0tT0mUp.js')).toMatchObject({
      contentType: 'text/javascript; charset=utf-8',
      cacheControl: 'private, max-age=31536000, immutable',
    });
    expect(await files.read('/a%20name.svg')).toMatchObject({ contentType: 'image/svg+xml', cacheControl: 'no-store' });
  });

  it.each([
    '/../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/assets/../../secret',
    '/..\\secret',
    '//secret',
    '/assets',
    '/assets/',
    '/index.html%00',
    '/%',
    '/missing.js',
    '',
  ])('has nothing at %s', async (pathname) => {
    const files = await WindowFiles.list(directory);

    expect(await files.read(pathname)).toBeNull();
  });

  it('does not follow a link out of the folder', async () => {
    await symlink(path.join(root, 'secret'), path.join(directory, 'link'));
    const files = await WindowFiles.list(directory);

    expect(await files.read('/link')).toBeNull();
  });
});
