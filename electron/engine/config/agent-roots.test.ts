import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeCodeRoots } from './agent-roots.ts';

describe('claudeCodeRoots', () => {
  let home = '';

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'holdfast-roots-'));
  });
  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  it('is ~/.claude when nothing else is said', async () => {
    const usual = { env: {}, extraRoots: [] };

    expect(await claudeCodeRoots({ ...usual, platform: 'linux', userHome: '/home/ana' })).toEqual([
      '/home/ana/.claude',
    ]);
    expect(await claudeCodeRoots({ ...usual, platform: 'darwin', userHome: '/Users/ana' })).toEqual([
      '/Users/ana/.claude',
    ]);
    expect(await claudeCodeRoots({ ...usual, platform: 'win32', userHome: 'C:\\Users\\ana' })).toEqual([
      'C:\\Users\\ana\\.claude',
    ]);
  });

  it('follows CLAUDE_CONFIG_DIR and adds the extra roots', async () => {
    const roots = await claudeCodeRoots({
      platform: 'linux',
      env: { CLAUDE_CONFIG_DIR: '/srv/claude/' },
      userHome: '/home/ana',
      extraRoots: ['~/other', '/mnt/../mnt/old'],
    });

    expect(roots).toEqual(['/srv/claude', '/home/ana/other', '/mnt/old']);
  });

  it('gives a folder once, however often and under whatever name it is listed', async () => {
    await mkdir(path.join(home, '.claude'));
    await symlink(path.join(home, '.claude'), path.join(home, 'link'), 'junction');

    const roots = await claudeCodeRoots({
      platform: process.platform,
      env: {},
      userHome: home,
      extraRoots: [path.join(home, 'link'), path.join(home, '.claude', 'projects', '..'), '~/.claude'],
    });

    expect(roots).toEqual([path.join(home, '.claude')]);
  });

  it('takes two spellings of a Windows folder as one', async () => {
    const roots = await claudeCodeRoots({
      platform: 'win32',
      env: {},
      userHome: 'C:\\Users\\Ana',
      extraRoots: ['c:\\users\\ana\\.CLAUDE'],
    });

    expect(roots).toEqual(['C:\\Users\\Ana\\.claude']);
  });

  it('refuses a relative extra root by name', async () => {
    const options = { platform: 'linux', env: {}, userHome: '/home/ana', extraRoots: ['/a', 'b/c'] } as const;

    await expect(claudeCodeRoots(options)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(claudeCodeRoots(options)).rejects.toThrow(/extraRoots\.1 is "b\/c"/);
  });
});
