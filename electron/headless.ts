import os from 'node:os';
import { defaultHome } from './engine/config/data-paths.ts';
import { allowDatabaseUris } from './engine/config/database-uris.ts';
import { readRunningEngine } from './engine/config/engine-record.ts';
import { programFiles } from './engine/config/program-files.ts';
import type { Engine, EngineOptions } from './engine/contract.ts';
import { EngineError, isAbort } from './engine/core/errors.ts';
import { isAttended, openBrowser } from './service/browser.ts';
import { tolerateClosedOutput } from './engine/core/closed-output.ts';
import { exitCodeFor, startFailureText } from './service/exit-code.ts';
import { parseServeArguments } from './service/serve-arguments.ts';

const STOP_WITHIN_MS = 5000;
const { arch, env, platform } = process;
tolerateClosedOutput([process.stdout, process.stderr]);
allowDatabaseUris(env);
const home = defaultHome(platform, env, os.homedir());

function engineOptions(port: number | null): EngineOptions {
  const { version, resourcesDirectory, rendererDirectory } = programFiles(import.meta.dirname);
  const sqliteBinding = env['HOLDFAST_SQLITE_BINDING'] ?? null;
  const ours = { home, version, resourcesDirectory, rendererDirectory, port, sqliteBinding };
  return { ...ours, platform, arch, userHome: os.homedir(), env, mode: 'service', desktop: null };
}

async function showWindow(url: string | null, open: boolean): Promise<void> {
  console.log(url === null ? 'There is no window to show.' : `Window: ${url}`);
  if (url === null || !open || !isAttended({ platform, env, isTerminal: process.stdout.isTTY })) return;
  if (!(await openBrowser(platform, url))) console.log('No browser could be started; open that address yourself.');
}

/** The promise is to be gone within five seconds; a part that hangs must not keep the process. */
async function stop(engine: Engine): Promise<void> {
  console.log('Stopping ...');
  setTimeout(() => {
    console.error('A part did not stop in time. Nothing saved is lost; the rest is taken up at the next start.');
    process.exit(1);
  }, STOP_WITHIN_MS).unref();
  await engine.stop();
}

async function run(): Promise<number> {
  const { port, open } = parseServeArguments(process.argv.slice(2), env['HOLDFAST_PORT']);
  const stopping = new AbortController();
  const stopAsked = new Promise((resolve) => {
    stopping.signal.addEventListener('abort', resolve);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping.abort());
  const { createEngine } = await import('./engine/engine.ts');
  const engine = createEngine(engineOptions(port));
  try {
    await engine.start(stopping.signal);
  } catch (error) {
    if (isAbort(error)) return 0;
    if (!(error instanceof EngineError) || error.code !== 'ENGINE_ALREADY_RUNNING') throw error;
    console.log('Holdfast is already running.');
    await showWindow((await readRunningEngine(home))?.record.windowUrl ?? null, open);
    return 0;
  }
  console.log(`Holdfast is recording. Its data: ${home}. Stop it with Ctrl-C.`);
  await showWindow(engine.windowUrl, open);
  await stopAsked;
  await stop(engine);
  return 0;
}

// Node-API 10 came with Node 22.14 and 23.6. Asked before anything loads SQLite: with less, opening a database ends the
// process without a word. A binding named from outside is one that this Node can load.
if (Number(process.versions['napi']) < 10 && env['HOLDFAST_SQLITE_BINDING'] === undefined) {
  console.error(`This is Node ${process.version}; Holdfast needs Node 22.14 or newer. Install Node 24 and try again.`);
  process.exitCode = 2;
} else {
  process.exitCode = await run().catch((error: unknown) => {
    console.error(startFailureText(error));
    return exitCodeFor(error);
  });
}
