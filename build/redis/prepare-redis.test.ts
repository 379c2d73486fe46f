import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = path.resolve(import.meta.dirname, '..', 'prepare-redis.mjs');
const execute = promisify(execFile);

describe('prepare-redis', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'holdfast-prepare-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function prepare(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[]> {
    const out = path.join(directory, 'out');
    const options = { env: { PATH: process.env['PATH'], ...env } };
    const { stdout } = await execute(process.execPath, [SCRIPT, '--out', out, ...args], options);
    return stdout.trimEnd().split('\n');
  }

  async function systemServer(): Promise<string> {
    const [line = ''] = await prepare([]);
    const file = / in (\/\S+) \(/.exec(line)?.[1];
    if (file === undefined) throw new Error(`there is no Redis for this test: ${line}`);
    return file;
  }

  it('does nothing when a person named a server', async () => {
    const lines = await prepare([], { HOLDFAST_REDIS_URL: 'redis://app:hunter2@queue.lan' });

    expect(lines).toEqual(['Redis: the one that HOLDFAST_REDIS_URL names']);
  });

  it('does nothing when there is one that comes along', async () => {
    await mkdir(path.join(directory, 'out'));
    await symlink(await systemServer(), path.join(directory, 'out', 'redis-server'));

    const lines = await prepare(['--ignore-system']);

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Redis: (redis|valkey) \d+\.\d\S* in \S+\/out\/redis-server \(bundled\)$/);
  });

  it('passes over one that does not run, and ends well when none can be made', async () => {
    await mkdir(path.join(directory, 'out'));
    await writeFile(path.join(directory, 'out', 'redis-server'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const nothing = path.join(directory, 'nothing.tar.gz');

    const lines = await prepare(['--ignore-system', '--method', 'source', '--source', nothing]);

    expect(lines.at(-1)).toMatch(/^Redis: none \(bypass\) - .*nothing is lost/);
    expect(lines.length).toBeGreaterThan(2);
    expect(await readdir(directory)).toEqual(['out']);
  });

  it('prints the last line only when asked to be quiet', async () => {
    const nothing = path.join(directory, 'nothing.tar.gz');

    const lines = await prepare(['--quiet', '--ignore-system', '--method', 'source', '--source', nothing]);

    expect(lines).toHaveLength(1);
  });
});
