import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  isSameProcess,
  parsePowershell,
  parsePs,
  readProcessIdentity,
  startTicks,
  type ProcessIdentityOptions,
} from './process-identity.ts';
import { runCommand } from './run-command.ts';
import { killed } from './test-support/redis-test-bed.ts';

const HERE: ProcessIdentityOptions = { platform: process.platform, run: runCommand, env: {} };

function answering(platform: NodeJS.Platform, stdout: string, asked: string[] = []): ProcessIdentityOptions {
  const run: ProcessIdentityOptions['run'] = (file, args) => {
    asked.push([file, ...args].join(' '));
    return Promise.resolve({ exitCode: 0, stdout });
  };
  return { platform, run, env: {} };
}

describe('readProcessIdentity', () => {
  it('knows a process again, and tells it from another of the same program', async () => {
    const first = spawn('sleep', ['600']);
    await once(first, 'spawn');
    const second = spawn('sleep', ['600']);
    await once(second, 'spawn');
    const [pid, other] = [first.pid ?? 0, second.pid ?? 0];

    const identity = await readProcessIdentity(pid, HERE);

    if (identity === null) throw new Error('the process is not to be seen');
    expect(await isSameProcess(pid, identity, HERE)).toBe(true);
    expect(await isSameProcess(pid, { ...identity, executable: '/bin/other' }, HERE)).toBe(false);
    expect(await isSameProcess(pid, { ...identity, startTime: 'before' }, HERE)).toBe(false);
    expect(other).not.toBe(pid);
    await killed(first);
    await killed(second);
    expect(await isSameProcess(pid, identity, HERE)).toBe(false);
  });

  it.each([0, 1, -1, 3.5, Number.NaN])('never asks about %d', async (pid) => {
    await expect(readProcessIdentity(pid, answering('darwin', 'Sun Nov 22 17:21:45 2026 /x'))).resolves.toBeNull();
  });

  it('asks ps on macOS', async () => {
    const asked: string[] = [];

    const identity = await readProcessIdentity(
      71,
      answering('darwin', 'Sun Nov  2 17:21:45 2026     /Applications/H.app/redis server\n', asked),
    );

    expect(identity).toEqual({ executable: '/Applications/H.app/redis server', startTime: 'Sun Nov  2 17:21:45 2026' });
    expect(asked).toEqual(['/bin/ps -o lstart=,comm= -p 71']);
  });

  it('asks PowerShell on Windows', async () => {
    const identity = await readProcessIdentity(
      71,
      answering('win32', '134083993050000000|C:\\H\\redis-server.exe\r\n'),
    );

    expect(identity).toEqual({ executable: 'C:\\H\\redis-server.exe', startTime: '134083993050000000' });
  });

  it('proves nothing on a system that it does not know', async () => {
    await expect(readProcessIdentity(71, answering('aix', 'x'))).resolves.toBeNull();
  });
});

describe('startTicks', () => {
  it('is not misled by the name of a program', () => {
    const after = ['S', ...Array.from({ length: 18 }, () => '0'), '4711', '0'].join(' ');

    expect(startTicks(`71 (a) b) (c) ${after}`)).toBe('4711');
    expect(startTicks(`71 (redis) ${after.replace('S', 'Z')}`)).toBeNull();
  });
});

describe('what the programs answer', () => {
  it('is nothing for a process that is gone', () => {
    expect(parsePs('')).toBeNull();
    expect(parsePowershell('')).toBeNull();
    expect(parsePowershell('|')).toBeNull();
  });
});
