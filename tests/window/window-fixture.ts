/** A built window, a server with a fake engine, and a real Chromium, for the length of one test file. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { FakeEngine } from './fake-engine.ts';
import { NOW } from './sample-snapshot.ts';
import { WindowServer } from './window-server.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'dark' | 'light';
  readonly view?: 'overview' | 'conversations' | 'health';
  readonly context?: BrowserContextOptions;
  /** Run before any script of the page. */
  readonly before?: (page: Page) => Promise<void>;
}

/** A page and everything that must not have happened on it. */
export interface OpenedWindow extends AsyncDisposable {
  readonly page: Page;
  /** Violations of the policy, console errors and uncaught errors, in order. */
  readonly complaints: readonly string[];
}

export class WindowFixture implements AsyncDisposable {
  readonly server: WindowServer;
  readonly #browser: Browser;
  readonly #directory: string;

  private constructor(server: WindowServer, browser: Browser, directory: string) {
    this.server = server;
    this.#browser = browser;
    this.#directory = directory;
  }

  static async start(): Promise<WindowFixture> {
    const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-window-'));
    await buildWindow(directory);
    const browser = await chromium.launch({
      executablePath: chromiumPath(),
      headless: true,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    const server = new WindowServer(directory, new FakeEngine());
    await server.start();
    return new WindowFixture(server, browser, directory);
  }

  /** Opens the window with `engine` behind it, its clock at the snapshot's time and in UTC. */
  async open(engine: FakeEngine, options: OpenOptions = {}): Promise<OpenedWindow> {
    this.server.engine = engine;
    this.server.isSilent = false;
    return await this.openAddress(`#token=${this.server.token}`, options);
  }

  /** Opens an address below the server's. */
  async openAddress(address: string, options: OpenOptions = {}): Promise<OpenedWindow> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 980, height: options.height ?? 680 },
      colorScheme: options.theme ?? 'dark',
      timezoneId: 'UTC',
      locale: 'en-GB',
      ...options.context,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    await page.addInitScript(
      `addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI));`,
    );
    await page.clock.install({ time: NOW });
    await options.before?.(page);
    await page.goto(this.server.url + address);
    await page.evaluate('document.fonts.ready');
    if (options.view !== undefined) await page.keyboard.press(VIEW_KEYS[options.view]);
    return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.server.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A process of its own, because the test runner's NODE_ENV would give the development build of Vue. */
async function buildWindow(directory: string): Promise<void> {
  const vite = path.join(ROOT, 'node_modules/vite/bin/vite.js');
  const options = ['--config', 'renderer/vite.config.ts', '--outDir', directory, '--emptyOutDir', '--base', './'];
  await promisify(execFile)(process.execPath, [vite, 'build', 'renderer', ...options, '--logLevel', 'error'], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

const VIEW_KEYS = { overview: 'Control+1', conversations: 'Control+2', health: 'Control+3' } as const;

/** The browser to test with: `CHROMIUM_PATH`, else the first known name on the PATH. */
function chromiumPath(): string {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = BROWSERS.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(existsSync);
  if (found === undefined) {
    throw new Error(`No Chromium was found: install one of ${BROWSERS.join(', ')}, or name it in CHROMIUM_PATH.`);
  }
  return found;
}
