/**
 * Pictures of the status window for the documentation, from the real program: a headless Holdfast records the fixture, and Chromium
 * photographs its window. `npm run screenshots`; needs a build (`npm run build`) and Chromium (`CHROMIUM_PATH` or on the PATH).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '..');
const output = path.join(root, 'docs', 'screenshots');
const SIZE = { width: 980, height: 680 };
const THEMES = ['dark', 'light'] as const;
const VIEWS = [
  { name: 'overview', key: 'Control+1' },
  { name: 'conversations', key: 'Control+2' },
  { name: 'health', key: 'Control+3' },
] as const;

const home = await mkdtemp(path.join(os.tmpdir(), 'holdfast-shots-'));
const agent = path.join(home, '.claude');
await cp(path.join(root, 'tests', 'fixtures', 'claude-code-2.1.197', 'home', '.claude'), agent, { recursive: true });
const program = spawn(process.execPath, [path.join(root, 'dist/electron/headless.mjs'), '--port', '0', '--no-open'], {
  env: { ...process.env, HOLDFAST_HOME: path.join(home, 'data'), CLAUDE_CONFIG_DIR: agent },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await windowAddress();
  await mkdir(output, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  for (const theme of THEMES) {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: theme, deviceScaleFactor: 1.5 });
    await page.goto(url);
    await page.getByText('Everything is saved').first().waitFor();
    for (const view of VIEWS) await photograph(page, view.key, `${view.name}-${theme}.png`);
    await page.close();
  }
  await browser.close();
} finally {
  program.kill('SIGTERM');
  await once(program, 'exit');
  await rm(home, { recursive: true, force: true });
}

async function photograph(page: Page, key: string, name: string): Promise<void> {
  await page.keyboard.press(key);
  if (name.startsWith('conversations')) await page.getByRole('button', { name: /Run three commands/ }).click();
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: path.join(output, name) });
  console.log(`docs/screenshots/${name}`);
}

async function windowAddress(): Promise<string> {
  let text = '';
  for await (const chunk of program.stdout) {
    text += String(chunk);
    const address = /Window: (?<url>http\S+)/.exec(text)?.groups?.['url'];
    if (address !== undefined) return address;
  }
  throw new Error(`Holdfast did not start: ${text}`);
}
