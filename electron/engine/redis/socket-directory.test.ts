import { chmod, lstat, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LONGEST_SOCKET_PATH_BYTES, prepareSocketDirectory, type SocketDirectoryOptions } from './socket-directory.ts';

describe.runIf(process.platform !== 'win32')('prepareSocketDirectory', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'hf-'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  function options(changes: Partial<SocketDirectoryOptions> = {}): SocketDirectoryOptions {
    return {
      preferred: path.join(root, 'redis', 'run'),
      runtimeDirectory: null,
      temporaryDirectory: path.join(root, 'tmp'),
      userId: process.getuid?.() ?? null,
      elsewhere: false,
      ...changes,
    };
  }

  it('is the preferred one, closed to others whatever it was before', async () => {
    await mkdir(path.join(root, 'redis', 'run'), { recursive: true });
    await chmod(path.join(root, 'redis', 'run'), 0o777);

    const directory = await prepareSocketDirectory(options());

    expect(directory).toBe(path.join(root, 'redis', 'run'));
    expect((await lstat(directory)).mode & 0o777).toBe(0o700);
  });

  it('is a short one, the same each time, when the preferred one is too long', async () => {
    const preferred = path.join(root, 'ä'.repeat(50), 'run');

    const first = await prepareSocketDirectory(options({ preferred }));
    const second = await prepareSocketDirectory(options({ preferred }));
    const other = await prepareSocketDirectory(options({ preferred: `${preferred}-2` }));

    expect(first.startsWith(path.join(root, 'tmp'))).toBe(true);
    expect(Buffer.byteLength(first)).toBeLessThan(LONGEST_SOCKET_PATH_BYTES);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });

  it('is in the runtime folder of the session when there is one', async () => {
    const directory = await prepareSocketDirectory(
      options({ elsewhere: true, runtimeDirectory: path.join(root, 'session') }),
    );

    expect(path.dirname(directory)).toBe(path.join(root, 'session'));
  });

  it.each(['file', 'link'])('is not where somebody has put a %s of that name', async (kind) => {
    const planted = await prepareSocketDirectory(options({ elsewhere: true }));
    await rm(planted, { recursive: true });
    if (kind === 'file') await writeFile(planted, '');
    else await symlink(root, planted);

    await expect(prepareSocketDirectory(options({ elsewhere: true }))).rejects.toMatchObject({
      code: 'REDIS_NOT_READY',
    });
  });

  it('is not where another user owns the folder', async () => {
    await prepareSocketDirectory(options());

    const refused = prepareSocketDirectory(options({ userId: 54_321 }));

    await expect(refused).rejects.toMatchObject({ code: 'REDIS_NOT_READY' });
  });
});
