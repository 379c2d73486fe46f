/** Entry of the command line: reads the surroundings once, refuses an old Node, hands over to `commands/`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CommandContext } from './commands/command-context.ts';
import { allowDatabaseUris } from './engine/config/database-uris.ts';

const { arch, env, platform } = process;
const isSource = import.meta.filename.endsWith('.ts');
allowDatabaseUris(env);

let signalled: AbortController | null = null;

function interrupted(): AbortSignal {
  if (signalled !== null) return signalled.signal;
  const controller = new AbortController();
  signalled = controller;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/** The headless entry beside this one, in this process, so that whoever ends the command ends the engine. */
async function runHeadless(args: readonly string[]): Promise<number> {
  process.argv.splice(2, Infinity, ...args);
  const entry = new URL(isSource ? './headless.ts' : './headless.mjs', import.meta.url);
  await import(/* @vite-ignore */ entry.href);
  return Number(process.exitCode ?? 0);
}

/** A clone has the script behind `npm start`, which knows where Electron is. */
async function runDesktop(root: string, args: readonly string[]): Promise<number | null> {
  const start = path.join(root, 'build', 'start.mjs');
  if (!existsSync(start)) return null;
  const child = spawn(process.execPath, [start, ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself and this process has to outlive it; other signals are passed on.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** A line of the terminal; an empty one when it is closed instead. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await Promise.race([terminal.question(question), once(terminal, 'close').then(() => '')]);
  } finally {
    terminal.close();
  }
}

async function run(): Promise<number> {
  const { defaultHome } = await import('./engine/config/data-paths.ts');
  const { programFiles } = await import('./engine/config/program-files.ts');
  const { systemClock } = await import('./engine/core/clock.ts');
  const { Output } = await import('./commands/output.ts');
  const { runProgram } = await import('./commands/program.ts');
  const userHome = os.homedir();
  const { root, version, resourcesDirectory } = programFiles(import.meta.dirname);
  const ours = { home: defaultHome(platform, env, userHome), version, resourcesDirectory, rendererDirectory: null };
  const sqliteBinding = env['HOLDFAST_SQLITE_BINDING'] ?? null;
  const context: CommandContext = {
    engine: { ...ours, platform, arch, userHome, env, port: null, mode: 'command', desktop: null, sqliteBinding },
    workingDirectory: process.cwd(),
    out: new Output(process.stdout),
    err: new Output(process.stderr),
    clock: systemClock,
    interrupted,
    ask: process.stdin.isTTY ? ask : null,
    runHeadless,
    runDesktop: (args) => runDesktop(root, args),
  };
  return runProgram(process.argv.slice(2), context);
}

// Node-API 10 came with Node 22.14 and 23.6; with less, loading SQLite ends the process without a word.
if (Number(process.versions['napi']) < 10 && env['HOLDFAST_SQLITE_BINDING'] === undefined) {
  console.error(
    `holdfast: This is Node ${process.version}, which is too old: install Node 22.14 or newer, best Node 24.`,
  );
  process.exitCode = 2;
} else {
  process.exitCode = await run();
}
