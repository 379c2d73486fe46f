import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { electronIn, findElectron, sandboxFor, sqliteBindingFor } from './electron-runtime.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-electron-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function writeElectron(folder: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'electron'), '');
  await writeFile(path.join(folder, 'version'), `${version}\n`);
}

/** A clone whose Electron package names a version, with a mirror that nobody answers at. */
async function offlineClone(): Promise<{ readonly root: string; readonly env: Record<string, string> }> {
  const root = await temporaryFolder();
  await mkdir(path.join(root, 'node_modules/electron'), { recursive: true });
  await writeFile(path.join(root, 'node_modules/electron/package.json'), '{"version":"45.4.1"}');
  return { root, env: { ELECTRON_MIRROR: 'http://127.0.0.1:1/' } };
}

describe('electronIn', () => {
  it('takes only a whole one', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'electron'), '');

    expect(electronIn(folder, 'linux')).toBeNull();

    await writeElectron(folder, 'v45.4.1');
    expect(electronIn(folder, 'linux')).toMatchObject({ version: '45.4.1' });
    expect(electronIn(folder, 'darwin')).toBeNull();
  });
});

describe('findElectron', () => {
  it('prefers the installed one to the one prepared for tests', async () => {
    const { root, env } = await offlineClone();
    await writeElectron(path.join(root, 'node_modules/electron/dist'), '45.4.1');
    await writeElectron(path.join(root, '.cache/electron-33.2.1'), '33.2.1');

    const found = await findElectron(root, env, 'linux', () => undefined);

    expect(found?.version).toBe('45.4.1');
  });

  it('falls back to the prepared one where nothing can be downloaded, and says so', async () => {
    const { root, env } = await offlineClone();
    await writeElectron(path.join(root, '.cache/electron-33.2.1'), '33.2.1');
    const said: string[] = [];

    const found = await findElectron(root, env, 'linux', (line) => said.push(line));

    expect(found?.version).toBe('33.2.1');
    expect(said).toEqual(['Electron 45.4.1 cannot be downloaded from here']);
  });

  it('uses the one that the environment names, and no other when that is not there', async () => {
    const { root } = await offlineClone();
    await writeElectron(path.join(root, 'mine'), '44.9.9');
    const env = { ELECTRON_OVERRIDE_DIST_PATH: path.join(root, 'mine') };

    expect((await findElectron(root, env, 'linux', () => undefined))?.version).toBe('44.9.9');
    expect(await findElectron(root, { ELECTRON_OVERRIDE_DIST_PATH: '/nowhere' }, 'linux', () => undefined)).toBeNull();
  });
});

describe('sqliteBindingFor', () => {
  it('takes the packaged addon for an Electron that can load it', async () => {
    expect(sqliteBindingFor('45.4.1', await temporaryFolder(), {})).toEqual({ kind: 'packaged' });
  });

  it('takes the one built for an older Electron, and knows when there is none', async () => {
    const root = await temporaryFolder();
    expect(sqliteBindingFor('33.2.1', root, {})).toEqual({ kind: 'missing' });

    await mkdir(path.join(root, '.cache'));
    const file = path.join(root, '.cache/better-sqlite3-13.2.0-napi9.node');
    await writeFile(file, '');
    expect(sqliteBindingFor('33.2.1', root, {})).toEqual({ kind: 'built', file });
  });
});

describe('sandboxFor', () => {
  const facts = { platform: 'linux', isRoot: false, hasHelper: false, allowsNamespaces: true } as const;

  it('goes without only for root, where Chromium insists', () => {
    expect(sandboxFor(facts)).toBe('on');
    expect(sandboxFor({ ...facts, isRoot: true })).toBe('off');
  });

  it('knows the systems on which Electron would end at once', () => {
    expect(sandboxFor({ ...facts, allowsNamespaces: false })).toBe('impossible');
    expect(sandboxFor({ ...facts, allowsNamespaces: false, hasHelper: true })).toBe('on');
  });

  it('is always on elsewhere', () => {
    expect(sandboxFor({ ...facts, platform: 'darwin', isRoot: true, allowsNamespaces: false })).toBe('on');
  });
});
