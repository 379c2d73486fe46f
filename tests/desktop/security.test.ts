import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DesktopApp, Workplace } from './test-support/desktop-app.ts';

/** What runs in the page is written as text: the types of a page are not those of a test. */
async function inPage(page: Page, expression: string): Promise<unknown> {
  return page.evaluate(expression);
}

/** Calls the preload's bridge in the page, as any script there could. */
async function callFromPage(page: Page, topic: string, args: unknown): Promise<unknown> {
  return inPage(page, `holdfast.call(${JSON.stringify(topic)}, ${JSON.stringify(args)})`);
}

describe('the page in Electron', () => {
  let app: DesktopApp;
  let page: Page;

  beforeAll(async () => {
    app = await DesktopApp.launch(await Workplace.make());
    page = await app.page();
  });
  afterAll(async () => {
    await app[Symbol.asyncDispose]();
  });

  it('runs in a sandbox, isolated, without Node', async () => {
    const preferences = await app.electron.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      // Not in the type declarations, and the only way to read what is really in force.
      const read: unknown = contents === undefined ? null : Reflect.get(contents, 'getLastWebPreferences');
      return typeof read === 'function' ? (Reflect.apply(read, contents, []) as unknown) : null;
    });

    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
    });
    expect(await inPage(page, `['require', 'process', 'module', 'Buffer'].filter((name) => name in window)`)).toEqual(
      [],
    );
  });

  it('offers two functions to its scripts, and nothing of Electron', async () => {
    expect(await inPage(page, 'Object.keys(holdfast).sort()')).toEqual(['call', 'on']);
  });

  it('refuses scripts that are written into the page', async () => {
    const outcome = await inPage(
      page,
      `new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => {
          resolve({ directive: event.effectiveDirective, ran: 'injected' in window });
        }, { once: true });
        const script = document.createElement('script');
        script.textContent = 'window.injected = true';
        document.body.append(script);
      })`,
    );

    expect(outcome).toEqual({ directive: 'script-src-elem', ran: false });
  });

  it.each([
    ['our own address', 'app://bundle/index.html'],
    ['the loopback API', 'http://127.0.0.1:9/'],
    ['a file', 'file:///etc/hostname'],
  ])('cannot fetch %s', async (_what, address) => {
    const outcome = await inPage(page, `fetch(${JSON.stringify(address)}).then(() => 'fetched', () => 'refused')`);

    expect(outcome).toBe('refused');
  });

  it('cannot open windows, leave its address or get a permission', async () => {
    const opened = await inPage(page, `window.open('https://example.org/') !== null`);
    await inPage(page, `void (location.href = 'https://example.org/')`);
    const permission = await inPage(page, 'Notification.requestPermission()');

    expect(opened).toBe(false);
    expect(permission).toBe('denied');
    expect(page.url()).toMatch(/^app:\/\/bundle\/index\.html/);
    expect(app.electron.windows()).toHaveLength(1);
  });

  it('gets an answer from the engine', async () => {
    expect(await callFromPage(page, 'status.get', {})).toMatchObject({ ok: true, value: { pause: { paused: false } } });
  });

  it.each([
    ['an unknown request', 'files.read', {}, 'IPC_UNKNOWN_TOPIC'],
    ['a name from the prototype', 'constructor', {}, 'IPC_UNKNOWN_TOPIC'],
    ['a request of the command line', 'window.show', {}, 'IPC_UNKNOWN_TOPIC'],
    ['a wrong type', 'sessions.get', { session: 5 }, 'IPC_BAD_ARGUMENT'],
    ['an unknown field', 'status.get', { more: 1 }, 'IPC_BAD_ARGUMENT'],
    ['a path to import', 'jobs.start', { kind: 'import', paths: ['/etc'] }, 'IPC_BAD_ARGUMENT'],
    ['a place to write to', 'jobs.start', { kind: 'restore', session: 'x', to: '/tmp' }, 'IPC_BAD_ARGUMENT'],
    ['far too much', 'search.query', { query: 'x'.repeat(200_000) }, 'IPC_BAD_ARGUMENT'],
  ])('is refused %s', async (_what, topic, args, code) => {
    expect(await callFromPage(page, topic, args)).toMatchObject({ ok: false, error: { code } });
  });

  it('offers nothing to a frame inside it', async () => {
    await inPage(
      page,
      `new Promise((resolve) => {
        const frame = document.createElement('iframe');
        frame.addEventListener('load', resolve, { once: true });
        frame.src = 'app://bundle/index.html';
        document.body.append(frame);
      }).then(() => null)`,
    );

    const inner = page.frames().find((frame) => frame !== page.mainFrame());

    expect(await inner?.evaluate(`'holdfast' in window`)).toBe(false);
    expect(await inner?.evaluate('document.body.innerText')).not.toContain('Recording');
  });
});
