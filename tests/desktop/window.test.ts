import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DesktopApp, Workplace, isOnScreen } from './test-support/desktop-app.ts';
import { waitUntil } from './test-support/wait-until.ts';

describe('the status window in Electron', () => {
  let app: DesktopApp;

  beforeAll(async () => {
    app = await DesktopApp.launch(await Workplace.make());
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it('opens with the program and shows what the engine measures', async () => {
    const page = await app.page();
    expect(await isOnScreen('Holdfast')).toBe(true);

    const text = await waitUntil(
      () => page.locator('body').innerText(),
      (seen) => seen.includes('Recording.') && seen.includes('Everything is saved.'),
      'header of a healthy program',
    );

    expect(text).toContain('Overview');
    expect((await stat(await app.photograph(page, 'desktop-overview'))).size).toBeGreaterThan(10_000);
  });

  it('follows the engine without being asked', async () => {
    const page = await app.page();

    await app.tray.click('Until I resume');
    await page.getByText('Paused by you').first().waitFor();
    await app.photograph(page, 'desktop-paused');
    await app.tray.waitForLabel(/^Resume recording$/);
    await app.tray.click('Resume recording');

    await page.getByText('Recording.').first().waitFor();
    expect(await page.getByText('Paused by you').count()).toBe(0);
  });

  it('is destroyed when it is closed, while recording goes on', async () => {
    await app.electron.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.close();
    });

    await waitUntil(
      () => app.electron.evaluate(({ webContents }) => webContents.getAllWebContents().length),
      (seen) => seen === 0,
      'pages',
    );
    expect(await app.tray.tooltip()).toContain('Recording');
  });

  it('opens again where it was', async () => {
    await app.tray.click('Open status');
    await app.page();
    await app.electron.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.setBounds({ x: 100, y: 90, width: 900, height: 640 });
    });
    const moved = await waitUntil(
      () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds()),
      (seen) => seen?.width === 900 && seen.height === 640,
      'window in its new size',
    );
    await app.electron.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.close();
    });
    const file = path.join(app.place.home, 'window-state.json');
    await waitUntil(
      () => readFile(file, 'utf8').catch(() => ''),
      (seen) => seen.includes('"width":900'),
      'place that was written down',
    );

    await app.tray.click('Open status');
    await app.page();

    const size = await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds());
    expect(size).toMatchObject({ width: moved?.width, height: moved?.height });
  });

  it('takes a conversation from the tray to the page', async () => {
    const title = await waitUntil(
      async () => (await app.tray.menu()).filter((line) => line.depth === 2).at(3)?.label ?? '',
      (seen) => seen !== '',
      'title of a recent save',
    );

    await app.tray.click(title);

    const page = await app.page();
    await page.waitForURL((url) => url.hash !== '');
    expect(page.url()).toMatch(/^app:\/\/bundle\/index\.html#session=[^&]+&exchange=.+/);
  });
});
