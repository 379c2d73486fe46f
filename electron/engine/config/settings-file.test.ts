import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../../shared/settings.ts';
import { SettingsFile, loadSettings } from './settings-file.ts';

describe('SettingsFile', () => {
  let directory = '';
  let file = '';

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'holdfast-settings-'));
    file = path.join(directory, 'settings.json');
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const withPoll = (hotPollMs: number) => (settings: Settings) => ({
    ...settings,
    capture: { ...settings.capture, hotPollMs },
  });

  it('gives the defaults, and writes nothing, when there is no file', async () => {
    const settings = await SettingsFile.open(file);

    expect(settings.get()).toMatchObject({ version: 1, capture: { reconcileSeconds: 60 }, api: { port: 0 } });
    expect(await readdir(directory)).toEqual([]);
  });

  it('fills what a file leaves out and accepts a byte order mark', async () => {
    await writeFile(file, '\uFEFF{"capture":{"hotPollMs":500}}');

    expect((await loadSettings(file)).capture).toEqual({ hotPollMs: 500, reconcileSeconds: 60 });
  });

  it('refuses a file that is not JSON with its place, and leaves it alone', async () => {
    const broken = '{\n  "capture": {\n    "hotPollMs": 500,,\n  }\n}\n';
    await writeFile(file, broken);

    const refused = loadSettings(file);

    await expect(refused).rejects.toMatchObject({ name: 'ConfigError', code: 'CONFIG_INVALID' });
    await expect(refused).rejects.toThrow(/settings\.json is not valid JSON at line 3, column 22/);
    expect(await readFile(file, 'utf8')).toBe(broken);
    expect(await readdir(directory)).toEqual(['settings.json']);
  });

  it('names the end of a file that just stops', async () => {
    await writeFile(file, '{\n  "capture": {');

    await expect(loadSettings(file)).rejects.toThrow(/line 2, column 15/);
  });

  it('names the field that holds an impossible value', async () => {
    await writeFile(file, '{"capture":{"hotPollMs":1}}');

    await expect(loadSettings(file)).rejects.toThrow(/cannot be used for capture\.hotPollMs/);
    await expect(loadSettings(file)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each(['[]', 'null', '"text"'])('refuses a file that holds %s', async (content) => {
    await writeFile(file, content);

    await expect(loadSettings(file)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses a file of a newer version and keeps it', async () => {
    await writeFile(file, '{"version":2,"later":true}');

    await expect(SettingsFile.open(file)).rejects.toMatchObject({ code: 'CONFIG_VERSION_TOO_NEW' });
    expect(await readFile(file, 'utf8')).toBe('{"version":2,"later":true}');
  });

  it('refuses a folder in the place of the file', async () => {
    await mkdir(file);

    await expect(loadSettings(file)).rejects.toThrow(/cannot be read \(EISDIR\)/);
  });

  it('saves a change, keeps unknown keys at every level and tells its listeners', async () => {
    await writeFile(file, '{"future":{"a":1},"capture":{"hotPollMs":500,"later":"x"}}');
    const settings = await SettingsFile.open(file);
    const heard: number[] = [];
    const listening = settings.onChange((changed) => heard.push(changed.capture.hotPollMs));

    await settings.update(withPoll(800));
    listening[Symbol.dispose]();

    const saved: unknown = JSON.parse(await readFile(file, 'utf8'));
    expect(saved).toMatchObject({ future: { a: 1 }, capture: { hotPollMs: 800, later: 'x' } });
    expect(settings.get().capture.hotPollMs).toBe(800);
    expect(heard).toEqual([800]);
    expect(await readdir(directory)).toEqual(['settings.json']);
    const bits = (await stat(file)).mode & 0o777;
    expect(process.platform === 'win32' || bits === 0o600).toBe(true);
  });

  it('keeps what a person changed in the file meanwhile', async () => {
    const settings = await SettingsFile.open(file);
    await writeFile(file, '{"window":{"theme":"dark"}}');

    await settings.update(withPoll(700));

    expect(await loadSettings(file)).toMatchObject({ window: { theme: 'dark' }, capture: { hotPollMs: 700 } });
  });

  it('makes concurrent changes one after the other', async () => {
    const settings = await SettingsFile.open(file);

    await Promise.all(
      Array.from({ length: 10 }, () => settings.update((now) => withPoll(now.capture.hotPollMs + 1)(now))),
    );

    expect((await loadSettings(file)).capture.hotPollMs).toBe(1510);
  });

  it('refuses an impossible change, saves nothing, and takes the next one', async () => {
    const settings = await SettingsFile.open(file);

    await expect(settings.update(withPoll(1))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await settings.update(withPoll(900));

    expect(settings.get().capture.hotPollMs).toBe(900);
  });

  it('does not overwrite a file that was damaged while it ran', async () => {
    const settings = await SettingsFile.open(file);
    await writeFile(file, '{ half');

    await expect(settings.update(withPoll(900))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });

    expect(await readFile(file, 'utf8')).toBe('{ half');
  });
});
