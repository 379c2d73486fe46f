import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DesktopApp, Workplace } from './test-support/desktop-app.ts';
import { waitUntil } from './test-support/wait-until.ts';

describe('the tray icon, seen over D-Bus', () => {
  let app: DesktopApp;

  beforeAll(async () => {
    app = await DesktopApp.launch(await Workplace.make(), ['--hidden']);
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it('has the menu of the program, with the state on top', async () => {
    await app.tray.waitForLabel(/^Recording\. Saved /);

    const menu = await app.tray.menu();

    expect(menu.filter((line) => line.depth === 1 && line.label !== '---').map((line) => line.label)).toEqual([
      expect.stringMatching(/^Recording\. Saved \d\d:\d\d\.$/),
      'Open status',
      'Force resync',
      'Pause recording',
      'Recent saves',
      'Open data folder',
      'Check health',
      'Quit',
    ]);
    expect(menu[0]?.enabled).toBe(false);
  });

  it('names the five newest conversations', async () => {
    const titles = await waitUntil(
      async () => (await app.tray.menu()).filter((line) => line.depth === 2).map((line) => line.label),
      (seen) => seen.length === 8,
      'three ways to pause and five titles',
    );

    expect(titles.slice(0, 3)).toEqual(['15 minutes', '1 hour', 'Until I resume']);
    expect(titles.slice(3).every((title) => title.trim() !== '')).toBe(true);
  });

  it('changes picture and words while recording is paused, and back', async () => {
    const recording = await app.tray.pixels();

    await app.tray.click('Until I resume');

    expect(await app.tray.waitForTooltip('Paused')).toBe('Paused by you. Nothing is recorded.');
    await app.tray.waitForLabel(/^Resume recording$/);
    const paused = await app.tray.pixels();
    expect(paused).not.toBe(recording);

    await app.tray.click('Resume recording');

    await app.tray.waitForTooltip('Recording');
    await waitUntil(
      () => app.tray.pixels(),
      (seen) => seen === recording,
      'picture of recording',
    );
    expect(await app.tray.labels()).toContain('Pause recording');
  });

  it('says until when recording is paused', async () => {
    await app.tray.click('15 minutes');

    expect(await app.tray.waitForTooltip('Paused')).toMatch(/^Paused by you until \d\d:\d\d\. Nothing is recorded\.$/);

    await app.tray.waitForLabel(/^Resume recording$/);
    await app.tray.click('Resume recording');
    await app.tray.waitForTooltip('Recording');
  });

  it('resyncs on "Force resync" and reports how it ended', async () => {
    await app.tray.waitForLabel(/^Force resync$/);

    await app.tray.click('Force resync');

    const report = await app.tray.waitForLabel(/^Resynced/);
    expect(report).toMatch(/^Resynced \d+ files: nothing new, nothing missing\. \d\d:\d\d$/);
    expect(Number(/\d+/.exec(report)?.[0])).toBeGreaterThan(30);
    expect(await app.tray.labels()).toContain('Force resync');
  });

  it('opens the window on a left click', async () => {
    expect(app.electron.windows()).toHaveLength(0);

    await app.tray.activate();

    const page = await app.page();
    expect(await page.title()).toBe('Holdfast');
  });
});
