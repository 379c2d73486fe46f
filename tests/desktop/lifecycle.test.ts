import { describe, expect, it } from 'vitest';
import {
  DesktopApp,
  Workplace,
  isOnScreen,
  startAgain,
  startHeadless,
  startHeadlessElectron,
} from './test-support/desktop-app.ts';
import { waitUntil } from './test-support/wait-until.ts';

describe('the life of the program', () => {
  it('shows the window of the first program on a second start, which ends with 0', async () => {
    await using app = await DesktopApp.launch(await Workplace.make(), ['--hidden']);
    expect(await isOnScreen('Holdfast')).toBe(false);

    const second = await startAgain(app.place);

    expect(second.code).toBe(0);
    expect(second.printed).toContain('Holdfast is already running');
    await app.page();
    await waitUntil(
      () => isOnScreen('Holdfast'),
      (seen) => seen,
      'window of the first program',
    );
  });

  it('ends with 0 on "Quit" and leaves no process behind, Redis included', async () => {
    await using app = await DesktopApp.launch(await Workplace.make(), ['--hidden']);
    expect((await app.place.processes()).some((name) => name.includes('redis') || name.includes('valkey'))).toBe(true);

    await app.tray.click('Quit');

    expect(await app.exited()).toBe(0);
    await app.place.waitForNoProcess();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s and leaves no process behind', async (signal) => {
    await using app = await DesktopApp.launch(await Workplace.make());

    app.signal(signal);

    expect(await app.exited()).toBe(0);
    await app.place.waitForNoProcess();
  });

  it('goes on recording when the process of the page dies', async () => {
    await using app = await DesktopApp.launch(await Workplace.make());
    const page = await app.page();
    const crashed = page.waitForEvent('crash');

    await app.electron.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer();
    });

    await crashed;
    await waitUntil(
      () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length),
      (seen) => seen === 0,
      'windows without a page',
    );
    expect(await app.tray.tooltip()).toContain('Recording');
    await app.tray.click('Open status');
    await waitUntil(
      () => isOnScreen('Holdfast'),
      (seen) => seen,
      'new window',
    );
  });

  it('points to the window of an engine without a desktop, and ends with 0', async () => {
    const place = await Workplace.make();
    await using engine = await startHeadless(place);

    const second = await startAgain(place);

    expect(second.code).toBe(0);
    expect(second.printed).toContain('Holdfast is already running, without a tray.');
    expect(second.printed).toContain(engine.windowUrl);
  });

  it('serves the window on loopback with --headless, without a display', async () => {
    const place = await Workplace.make();
    await using engine = await startHeadlessElectron(place);

    const page = await fetch(engine.windowUrl);

    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>Holdfast</title>');
  });

  it('ends with 1 and one sentence when its arguments cannot be used', async () => {
    const place = await Workplace.make();

    const { code, printed } = await startAgain(place, ['--port', 'nonsense']);

    expect(code).toBe(1);
    expect(printed).toContain('"nonsense" is not a port: give a number from 0 to 65535.');
    await place.waitForNoProcess();
    await place.remove();
  });
});
