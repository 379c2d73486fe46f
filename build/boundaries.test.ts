import path from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');

// Files as they are today: type-aware rules need a path that the compiler knows. Only the text is another one.
const FILES = {
  shared: 'shared/time.ts',
  core: 'electron/engine/core/retry.ts',
  clock: 'electron/engine/core/clock.ts',
  capture: 'electron/engine/capture/transcript-tailer.ts',
  redis: 'electron/engine/redis/redis-client.ts',
  database: 'electron/engine/store/database.ts',
  engine: 'electron/engine/engine.ts',
  commands: 'electron/commands/status-command.ts',
  shell: 'electron/shell/window.ts',
  ipcMain: 'electron/shell/ipc-main.ts',
  preload: 'electron/preload.ts',
  headless: 'electron/headless.ts',
  page: 'renderer/main.ts',
  component: 'renderer/app.vue',
  test: 'electron/engine/core/retry.test.ts',
} as const;

const eslint = new ESLint({ cwd: ROOT });

async function rulesBroken(file: keyof typeof FILES, code: string): Promise<readonly (string | null)[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: path.join(ROOT, FILES[file]) });
  const fatal = result?.messages.find((message) => message.fatal);
  if (fatal !== undefined) throw new Error(`${FILES[file]}: ${fatal.message}`);
  return result?.messages.map((message) => message.ruleId) ?? [];
}

const DEPENDENCY = 'boundaries/dependencies';

describe('the dependency rule', () => {
  it.each([
    ['core', 'a stage', "import '../store/database.ts';"],
    ['core', 'Electron', "import 'electron';"],
    ['core', 'Electron, types only', "export type { App } from 'electron';"],
    ['core', 'Electron, when it runs', "export const late = import('electron');"],
    ['core', 'Electron, as a type in place', "export let app: import('electron').App;"],
    ['capture', 'another stage', "import '../store/database.ts';"],
    ['capture', 'another stage, types only', "export type { StoreDatabase } from '../store/database.ts';"],
    ['capture', 'the composition', "import '../engine.ts';"],
    ['capture', 'the client of Redis', "import 'ioredis';"],
    ['capture', 'the HTTP server', "import 'fastify';"],
    ['capture', 'the shell', "import '../../shell/window.ts';"],
    ['redis', 'SQLite', "import 'better-sqlite3';"],
    ['engine', 'the shell', "import '../shell/window.ts';"],
    ['engine', 'a package of a stage', "import 'ioredis';"],
    ['commands', 'a stage', "import '../engine/store/database.ts';"],
    ['commands', 'Electron', "import 'electron';"],
    ['headless', 'the shell', "import './shell/window.ts';"],
    ['shell', 'a stage', "import '../engine/store/database.ts';"],
    ['shell', 'the page', "import '../../renderer/main.ts';"],
    ['preload', 'the engine', "import './engine/engine.ts';"],
    ['preload', 'Node', "import 'node:fs';"],
    ['page', 'the engine', "import '../electron/engine/engine.ts';"],
    ['page', 'Node', "import 'node:fs';"],
    ['page', 'Electron', "import 'electron';"],
    ['component', 'the shell', '<script setup lang="ts">\nimport \'../electron/shell/window.ts\';\n</script>'],
    ['shared', 'the engine', "import '../electron/engine/core/clock.ts';"],
    ['shared', 'Node', "import 'node:path';"],
    ['shared', 'Vue', "import 'vue';"],
    ['engine', 'a test', "import './core/retry.test.ts';"],
  ] as const)('refuses in %s: %s', async (file, _what, code) => {
    expect(await rulesBroken(file, code)).toContain(DEPENDENCY);
  });

  it.each([
    ['core', "import '../../../shared/time.ts';"],
    ['capture', "import '../core/clock.ts';\nimport './capturer.ts';\nimport 'node:fs';"],
    ['capture', "export type { EngineAccess } from '../contract.ts';"],
    ['redis', "import 'ioredis';"],
    ['database', "import 'better-sqlite3';"],
    ['engine', "import './store/database.ts';\nimport './capture/capturer.ts';"],
    ['commands', "import '../engine/engine.ts';\nimport '../engine/config/data-paths.ts';\nimport 'commander';"],
    ['shell', "import 'electron';\nimport '../engine/engine.ts';"],
    ['page', "import '../shared/time.ts';\nimport 'vue';"],
    ['test', "import '../store/database.ts';\nimport 'electron';"],
  ] as const)('lets %s import what it needs', async (file, code) => {
    expect(await rulesBroken(file, code)).not.toContain(DEPENDENCY);
  });
});

describe('the rules of the house', () => {
  it.each([
    ['capture', 'no-restricted-properties', 'export const at = Date.now();'],
    ['capture', 'no-restricted-syntax', 'export const at = new Date();'],
    ['capture', 'no-restricted-globals', 'setTimeout(String, 1);'],
    ['capture', 'no-restricted-globals', 'setInterval(String, 1);'],
    ['capture', 'no-restricted-imports', "import { setTimeout } from 'node:timers/promises';\nexport { setTimeout };"],
    ['capture', 'no-restricted-properties', "export const home = process.env['HOME'];"],
    ['capture', 'no-restricted-properties', 'export const { platform } = process;'],
    ['shell', 'no-restricted-properties', 'export const args = process.argv;'],
    ['engine', 'no-restricted-globals', 'export const page = document;'],
    ['page', 'no-restricted-globals', 'export const where = process;'],
    ['shared', 'no-restricted-globals', "export const bytes = Buffer.from('');"],
    ['shell', 'no-restricted-imports', "import { ipcMain } from 'electron';\nexport { ipcMain };"],
    ['ipcMain', 'no-restricted-imports', "import { ipcRenderer } from 'electron';\nexport { ipcRenderer };"],
    ['preload', 'no-restricted-imports', "import { ipcMain } from 'electron';\nexport { ipcMain };"],
    ['core', '@typescript-eslint/no-explicit-any', 'export const value: any = 1;'],
    ['core', '@typescript-eslint/no-non-null-assertion', 'export const first = (list: string[]) => list[0]!;'],
    ['core', '@typescript-eslint/no-floating-promises', 'Promise.resolve(1);'],
    ['core', '@typescript-eslint/require-await', 'export async function late() { return 1; }'],
    [
      'core',
      '@typescript-eslint/consistent-type-imports',
      "import { Clock } from './clock.ts';\nexport let clock: Clock;",
    ],
    [
      'core',
      '@typescript-eslint/switch-exhaustiveness-check',
      "export function f(x: 'a' | 'b') {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}",
    ],
    ['core', 'no-restricted-exports', 'export default 1;'],
    ['component', 'vue/no-v-html', '<template><p v-html="text" /></template>'],
    [
      'component',
      '@typescript-eslint/no-floating-promises',
      '<script setup lang="ts">\nPromise.resolve(1);\n</script>',
    ],
    ['test', 'vitest/no-focused-tests', "import { it } from 'vitest';\nit.only('is', () => undefined);"],
    ['test', 'vitest/no-disabled-tests', "import { it } from 'vitest';\nit.skip('is', () => undefined);"],
    ['test', 'vitest/expect-expect', "import { it } from 'vitest';\nit('is', () => undefined);"],
  ] as const)('%s: %s', async (file, rule, code) => {
    expect(await rulesBroken(file, code)).toContain(rule);
  });

  it('lets only the clock and tests tell the time', async () => {
    expect(await rulesBroken('clock', 'export const at = Date.now();')).toEqual([]);
    expect(await rulesBroken('test', 'export const at = Date.now();')).toEqual([]);
  });

  it('lets only preload and ipc-main use raw IPC', async () => {
    expect(await rulesBroken('ipcMain', "import { ipcMain } from 'electron';\nexport { ipcMain };")).toEqual([]);
    expect(await rulesBroken('preload', "import { ipcRenderer } from 'electron';\nexport { ipcRenderer };")).toEqual(
      [],
    );
  });
});
