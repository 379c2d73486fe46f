import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentRoots, claudeCodeRoots } from './agent-roots.ts';

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

describe('agentRoots', () => {
  const usual = { platform: 'linux', userHome: '/home/ana', extraRoots: [] } as const;
  const geminiCli = async (env: Readonly<Record<string, string>>, platform: NodeJS.Platform = 'linux') => {
    const userHome = platform === 'win32' ? 'C:\\Users\\ana' : '/home/ana';
    const roots = await agentRoots({ ...usual, platform, userHome, env });
    return roots.find((root) => root.agent === 'gemini-cli');
  };

  it('gives those of Claude Code first, and misses none that nobody named', async () => {
    const [own, extra] = await agentRoots({ ...usual, env: {}, extraRoots: ['/mnt/old'] });

    expect(own).toEqual({ agent: 'claude-code', directory: '/home/ana/.claude', isOptional: true });
    expect(extra).toEqual({ agent: 'claude-code', directory: '/mnt/old', isOptional: false });
    const [named] = await agentRoots({ ...usual, env: { CLAUDE_CONFIG_DIR: '/srv/claude' } });
    expect(named).toEqual({ agent: 'claude-code', directory: '/srv/claude', isOptional: false });
  });

  it('looks for Gemini CLI in the home that GEMINI_CLI_HOME names', async () => {
    expect(await geminiCli({})).toMatchObject({ directory: '/home/ana/.gemini', isOptional: true });
    expect(await geminiCli({ GEMINI_CLI_HOME: '' })).toMatchObject({ directory: '/home/ana/.gemini' });
    expect(await geminiCli({ GEMINI_CLI_HOME: '/srv/g' })).toMatchObject({
      directory: '/srv/g/.gemini',
      isOptional: false,
    });
    expect(await geminiCli({ GEMINI_CLI_HOME: '/srv/.gemini/' })).toMatchObject({ directory: '/srv/.gemini' });
    expect(await geminiCli({}, 'win32')).toMatchObject({ directory: 'C:\\Users\\ana\\.gemini' });
  });

  it('are the usual folders, which nobody misses', async () => {
    const roots = await agentRoots({ platform: 'linux', env: {}, userHome: '/home/ana', extraRoots: ['/old'] });

    expect(roots).toEqual([
      { agent: 'claude-code', directory: '/home/ana/.claude', isOptional: true },
      { agent: 'claude-code', directory: '/old', isOptional: false },
      { agent: 'codex', directory: '/home/ana/.codex', isOptional: true },
      { agent: 'copilot-cli', directory: '/home/ana/.copilot', isOptional: true },
      { agent: 'cursor', directory: '/home/ana/.cursor', isOptional: true },
      { agent: 'gemini-cli', directory: '/home/ana/.gemini', isOptional: true },
      { agent: 'opencode', directory: '/home/ana/.local/share/opencode', isOptional: true },
    ]);
  });

  it('are those that the variables name', async () => {
    const env = {
      CLAUDE_CONFIG_DIR: 'D:\\claude',
      CODEX_HOME: 'D:\\codex',
      COPILOT_HOME: 'D:\\copilot',
      CURSOR_CONFIG_DIR: 'cursor',
      GEMINI_CLI_HOME: 'D:\\gemini',
    };
    const roots = await agentRoots({ platform: 'win32', env, userHome: 'C:\\Users\\ana', extraRoots: [] });

    expect(roots.map(({ directory }) => directory)).toEqual([
      'D:\\claude',
      'D:\\codex',
      'D:\\copilot',
      'C:\\Users\\ana\\cursor',
      'D:\\gemini\\.gemini',
      'C:\\Users\\ana\\.local\\share\\opencode',
    ]);
    expect(roots.filter(({ isOptional }) => isOptional).map(({ agent }) => agent)).toEqual(['opencode']);
  });
});

describe('agentRoots of opencode', () => {
  const of = async (
    platform: NodeJS.Platform,
    userHome: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<readonly (readonly unknown[])[]> => {
    const roots = await agentRoots({ platform, userHome, env, extraRoots: [] });
    const found = roots.filter(({ agent }) => agent === 'opencode');
    return found.map(({ directory, isOptional }) => [directory, isOptional]);
  };

  it('has the data folder of opencode, which is the same on every system and missed by nobody', async () => {
    expect(await of('linux', '/home/ana')).toEqual([['/home/ana/.local/share/opencode', true]]);
    expect(await of('darwin', '/Users/ana')).toEqual([['/Users/ana/.local/share/opencode', true]]);
    expect(await of('win32', 'C:\\Users\\ana')).toEqual([['C:\\Users\\ana\\.local\\share\\opencode', true]]);
  });

  it('follows XDG_DATA_HOME to opencode', async () => {
    expect(await of('linux', '/home/ana', { XDG_DATA_HOME: '/srv/data' })).toEqual([['/srv/data/opencode', true]]);
    expect(await of('linux', '/home/ana', { XDG_DATA_HOME: 'data' })).toEqual([['/home/ana/data/opencode', true]]);
    expect(await of('linux', '/home/ana', { XDG_DATA_HOME: '' })).toEqual([['/home/ana/.local/share/opencode', true]]);
    expect(await of('win32', 'C:\\Users\\ana', { XDG_DATA_HOME: 'D:\\data' })).toEqual([['D:\\data\\opencode', true]]);
  });
});
