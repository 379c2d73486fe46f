import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureApiToken, readApiToken } from './api-token.ts';

describe('api token', () => {
  let directory = '';
  let file = '';

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'holdfast-token-'));
    file = path.join(directory, 'api-token');
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('is made once, random and private', async () => {
    expect(await readApiToken(file)).toBeNull();

    const token = await ensureApiToken(file);

    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(await ensureApiToken(file)).toBe(token);
    expect(await readApiToken(file)).toBe(token);
    expect(await readdir(directory)).toEqual(['api-token']);
    const bits = (await stat(file)).mode & 0o777;
    expect(process.platform === 'win32' || bits === 0o600).toBe(true);
  });

  it('is the first one when another program made it at the same time', async () => {
    const other = 'ab'.repeat(32);
    await writeFile(file, `${other}\n`);

    expect(await ensureApiToken(file)).toBe(other);
  });

  it('refuses a damaged file and leaves it alone', async () => {
    await writeFile(file, 'short');

    await expect(ensureApiToken(file)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await readFile(file, 'utf8')).toBe('short');
  });
});
