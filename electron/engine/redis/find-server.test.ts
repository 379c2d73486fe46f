import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { downloadDirectories, findServer, type FindServerOptions } from './find-server.ts';
import type { RunCommand } from './run-command.ts';
import { localServer } from './test-support/redis-test-bed.ts';

const REDIS_7 = 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0';
const VALKEY_8 = 'Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=cafe';
const REDIS_5 = 'Redis server v=5.0.14 sha=00000000:0 malloc=libc bits=64 build=beef';

type Files = Readonly<Record<string, string>>;

/** A machine on which these programs are, each with its answer to `--version`. */
function machine(files: Files, asked: string[] = []): Pick<FindServerOptions, 'isExecutable' | 'run'> {
  const run: RunCommand = (file, args, env) => {
    asked.push([file, ...args, JSON.stringify(env)].join(' '));
    return Promise.resolve({ exitCode: 0, stdout: files[file] ?? '' });
  };
  return { isExecutable: (file) => Promise.resolve(file in files), run };
}

const LINUX = {
  platform: 'linux',
  arch: 'x64',
  env: { PATH: '/usr/local/bin:/usr/bin' },
  resourcesDirectory: '/app',
} as const;
const MAC = { ...LINUX, platform: 'darwin', arch: 'arm64', resourcesDirectory: '/Applications/H.app' } as const;
const WINDOWS = {
  platform: 'win32',
  arch: 'x64',
  env: { Path: 'C:\\Windows;C:\\Redis' },
  resourcesDirectory: 'C:\\H',
} as const;

describe('findServer', () => {
  it('takes the address that a person named before all others', async () => {
    const env = { ...LINUX.env, HOLDFAST_REDIS_URL: 'redis://queue.lan:7000' };

    const { server } = await findServer({ ...LINUX, ...machine({ '/usr/bin/redis-server': REDIS_7 }), env });

    expect(server).toMatchObject({ origin: 'url', endpoint: { host: 'queue.lan', port: 7000 } });
  });

  it('does not go elsewhere when that address cannot be read', async () => {
    const env = { ...LINUX.env, HOLDFAST_REDIS_URL: 'queue.lan' };

    await expect(findServer({ ...LINUX, ...machine({}), env })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each([
    ['linux', LINUX, '/app/redis/linux-x64/redis-server', { LD_LIBRARY_PATH: '/app/redis/linux-x64/lib' }],
    [
      'darwin',
      MAC,
      '/Applications/H.app/redis/darwin-arm64/valkey-server',
      { DYLD_LIBRARY_PATH: '/Applications/H.app/redis/darwin-arm64/lib' },
    ],
    ['win32', WINDOWS, 'C:\\H\\redis\\win32-x64\\redis-server.exe', {}],
  ] as const)('prefers the one that comes along on %s, with its libraries', async (_, options, file, libraries) => {
    const asked: string[] = [];
    const files = { [file]: VALKEY_8, '/usr/bin/redis-server': REDIS_7, 'C:\\Redis\\redis-server.exe': REDIS_7 };

    const { server } = await findServer({ ...options, ...machine(files, asked) });

    expect(server).toEqual({
      origin: 'bundled',
      name: 'valkey',
      version: '8.1.1',
      executable: file,
      libraryEnvironment: libraries,
    });
    expect(asked).toEqual([`${file} --version ${JSON.stringify(libraries)}`]);
  });

  it.each([
    ['linux', LINUX, '/usr/bin/redis-server'],
    ['darwin', MAC, '/usr/local/bin/valkey-server'],
    ['win32', WINDOWS, 'C:\\Redis\\valkey-server.exe'],
  ] as const)('takes one of the system on %s', async (_, options, file) => {
    const { server } = await findServer({ ...options, ...machine({ [file]: REDIS_7 }) });

    expect(server).toMatchObject({ origin: 'system', executable: file, version: '7.0.15', libraryEnvironment: {} });
  });

  it('passes over one that is too old or does not run, and says so', async () => {
    const files = {
      '/app/redis/linux-x64/redis-server': '',
      '/usr/local/bin/redis-server': REDIS_5,
      '/usr/bin/valkey-server': VALKEY_8,
    };

    const { server, rejected } = await findServer({ ...LINUX, ...machine(files) });

    expect(server).toMatchObject({ origin: 'system', executable: '/usr/bin/valkey-server' });
    expect(rejected.map(({ reason }) => reason)).toEqual([
      '/app/redis/linux-x64/redis-server does not run on this machine.',
      'redis 5.0.14 is too old: 6.2 or newer is needed.',
    ]);
  });

  it('does not run what lies in the current folder', async () => {
    const env = { PATH: '.:bin::/usr/bin' };
    const files = { 'redis-server': REDIS_7, 'bin/redis-server': REDIS_7, './redis-server': REDIS_7 };

    const { server } = await findServer({ ...LINUX, ...machine(files), env });

    expect(server).toBeNull();
  });

  it.each([
    ['linux', LINUX, '/cache/stable', '/cache/stable/redis-server'],
    ['win32', WINDOWS, 'C:\\cache\\stable', 'C:\\cache\\stable\\memurai.exe'],
  ] as const)('falls back to what redis-memory-server built on %s', async (_, options, directory, file) => {
    const { server } = await findServer({
      ...options,
      ...machine({ [file]: REDIS_7 }),
      downloadedDirectories: [directory],
    });

    expect(server).toMatchObject({ origin: 'downloaded', executable: file });
  });

  it('finds nothing on a machine without any', async () => {
    await expect(findServer({ ...LINUX, ...machine({}), env: {} })).resolves.toEqual({ server: null, rejected: [] });
  });

  it('runs the real programs to see what they are', async () => {
    const real = await localServer();
    const directory = await mkdtemp(path.join(os.tmpdir(), 'holdfast-find-'));
    try {
      const bundled = path.join(directory, 'redis', `${process.platform}-${process.arch}`);
      await mkdir(bundled, { recursive: true });
      await writeFile(path.join(bundled, 'redis-server'), '#!/bin/sh\necho no\n', { mode: 0o755 });
      await symlink(real.executable, path.join(bundled, 'valkey-server'));

      const { server, rejected } = await findServer({
        platform: process.platform,
        arch: process.arch,
        env: { PATH: directory },
        resourcesDirectory: directory,
      });

      expect(server).toMatchObject({ origin: 'bundled', version: real.version });
      expect(rejected).toHaveLength(1);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('downloadDirectories', () => {
  it('names the cache of the packages and that of the person', () => {
    expect(downloadDirectories('/app/node_modules', '/home/ada')).toEqual([
      path.join('/app/node_modules/.cache/redis-memory-server/redis-binaries/stable'),
      path.join('/home/ada/.cache/redis-binaries/stable'),
    ]);
  });
});
