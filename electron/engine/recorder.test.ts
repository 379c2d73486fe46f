import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { settingsSchema } from '../../shared/settings.ts';
import { dataPaths } from './config/data-paths.ts';
import type { EngineOptions } from './contract.ts';
import { systemClock } from './core/clock.ts';
import { silentLogger } from './core/logger.ts';
import { anyDisk } from './disk/test-support/any-disk.ts';
import { Recorder, sourceRoot, workerData } from './recorder.ts';
import { StoreThread } from './store-thread.ts';
import { openDatabase } from './store/database.ts';
import type { ReaderOperations } from './store-worker-contract.ts';

describe('Recorder', () => {
  let folder: string;
  let recorder: Recorder;
  let options: EngineOptions;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-recorder-'));
    await mkdir(path.join(folder, 'home'));
    await mkdir(path.join(folder, 'claude', 'projects', '-x'), { recursive: true });
    options = engineOptions(folder);
    const paths = dataPaths(options.home);
    openDatabase(paths.database, { nativeBinding: null }).close();
    recorder = new Recorder({
      engine: options,
      paths,
      settings: settingsSchema.parse({}),
      roots: [sourceRoot({ agent: 'claude-code', directory: path.join(folder, 'claude') })],
      clock: systemClock,
      logger: silentLogger,
      disk: anyDisk(folder),
    });
    await recorder.start(new AbortController().signal);
  });

  afterEach(async () => {
    await recorder.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('goes on saving after the thread that writes has crashed', async () => {
    await (await recorder.writer()).terminate();

    await writeFile(
      path.join(folder, 'claude', 'projects', '-x', `${SESSION}.jsonl`),
      `${prompt('after the crash')}\n`,
    );

    await vi.waitFor(async () => {
      expect(await exchangesSaved()).toBe(1);
    }, 20_000);
  });

  it('saves without a queue when there is no Redis on the machine', async () => {
    await writeFile(path.join(folder, 'claude', 'projects', '-x', `${SESSION}.jsonl`), `${prompt('by the bypass')}\n`);

    await vi.waitFor(async () => {
      expect(await exchangesSaved()).toBe(1);
    }, 20_000);
    expect(recorder.queues.current?.mode).toBe('bypass');
  });

  async function exchangesSaved(): Promise<number> {
    const reader = await StoreThread.start<ReaderOperations>(workerData('reader', options, dataPaths(options.home)));
    try {
      return (await reader.call('counts', Date.now())).exchanges;
    } finally {
      await reader.close();
    }
  }
});

const SESSION = '3f1c8a52-6d0e-4b8f-9a55-1f2e3d4c5b6a';

function prompt(text: string): string {
  return JSON.stringify({
    type: 'user',
    uuid: '0a8f2f0c-93f3-4c7e-8f3a-52d1c6f0a111',
    parentUuid: null,
    isSidechain: false,
    sessionId: SESSION,
    cwd: '/x',
    timestamp: '2026-11-22T10:00:00.000Z',
    message: { role: 'user', content: text },
  });
}

/** A machine without a Redis: nothing on the PATH, nothing bundled. */
function engineOptions(folder: string): EngineOptions {
  return {
    home: path.join(folder, 'home'),
    version: '0.0.0',
    platform: process.platform,
    arch: process.arch,
    userHome: folder,
    env: { PATH: '' },
    resourcesDirectory: path.join(folder, 'resources'),
    rendererDirectory: null,
    port: 0,
    mode: 'service',
    desktop: null,
    sqliteBinding: null,
  };
}
