/** The second half of `npm start`: prepares Redis, builds, and runs the program until it ends. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { hasDisplay } from '../electron/service/browser.ts';
import { findElectron, readSandboxFacts, sandboxFor, sqliteBindingFor } from './electron-runtime.ts';
import type { ElectronRuntime } from './electron-runtime.ts';
import { buildChanged } from './build.ts';
import { runInForeground } from './node-runtime.mjs';
import { parseStartArguments, START_USAGE } from './start-arguments.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly says: string;
}

function say(line: string): void {
  console.log(`    ${line}`);
}

async function prepareRedis(): Promise<void> {
  const script = path.join(ROOT, 'build/prepare-redis.mjs');
  const exitCode = await runInForeground(process.execPath, [script], { cwd: ROOT });
  if (exitCode !== 0) say('Redis could not be prepared: Holdfast records without it, and shows that in amber');
}

function headlessLaunch(passed: readonly string[], reason: string): Launch {
  const entry = path.join(ROOT, 'dist/electron/headless.mjs');
  return {
    command: process.execPath,
    args: ['--enable-source-maps', entry, ...passed],
    env: process.env,
    says: `without a tray (${reason}); the window is served on this machine`,
  };
}

function desktopLaunch(electron: ElectronRuntime, passed: readonly string[]): Launch {
  const sandbox = sandboxFor(readSandboxFacts(electron.dist, process.platform));
  if (sandbox === 'impossible') {
    return headlessLaunch(passed, 'this system does not let an ordinary user start Electron inside its sandbox');
  }
  const binding = sqliteBindingFor(electron.version, ROOT, process.env);
  if (binding.kind === 'missing') {
    return headlessLaunch(
      passed,
      `Electron ${electron.version} needs an SQLite addon of its own, which "npm test" builds`,
    );
  }
  const withoutSandbox = sandbox === 'off';
  return {
    command: electron.executable,
    args: [...(withoutSandbox ? ['--no-sandbox'] : []), ROOT, ...passed],
    env: { ...process.env, ...(binding.kind === 'built' ? { HOLDFAST_SQLITE_BINDING: binding.file } : {}) },
    says: `tray and window, Electron ${electron.version}${withoutSandbox ? ', as root and so without its sandbox' : ''}`,
  };
}

async function chooseLaunch(isHeadless: boolean, passed: readonly string[]): Promise<Launch> {
  if (isHeadless) return headlessLaunch(passed, 'as asked');
  if (!hasDisplay(process.platform, process.env)) return headlessLaunch(passed, 'there is no display');
  if (!existsSync(path.join(ROOT, 'dist/electron/main.mjs'))) return headlessLaunch(passed, 'the tray is not built');
  const electron = await findElectron(ROOT, process.env, process.platform, say);
  return electron === null ? headlessLaunch(passed, 'there is no Electron') : desktopLaunch(electron, passed);
}

/** Runs until the program ends. @returns its exit code */
export async function run(args: readonly string[]): Promise<number> {
  const { headless, help, passed } = parseStartArguments(args);
  if (help) {
    console.log(START_USAGE);
    return 0;
  }
  console.log('[3] Redis');
  await prepareRedis();
  console.log('[4] Build');
  await buildChanged(ROOT, say);
  const launch = await chooseLaunch(headless, passed);
  console.log(`[5] Start: ${launch.says}`);
  return runInForeground(launch.command, launch.args, { cwd: ROOT, env: { ...launch.env } });
}
