/** Runs a program with its output shown, a sign of life while it is silent, and an end when it takes too long. */
import { spawn, type ChildProcess } from 'node:child_process';
import { exitCodeOf } from './node-runtime.mjs';

const SIGN_OF_LIFE_MS = 30_000;
const GRACE_MS = 10_000;
const LEFT_BEHIND_MS = 1000;

export interface WatchedOptions {
  /** Named in the sign of life. */
  readonly title: string;
  readonly mostMinutes: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Takes standard output instead of showing it. */
  readonly onOutput?: (text: string) => void;
  /** Shows all output at the end, in one piece: for programs that run side by side. */
  readonly inOnePiece?: boolean;
}

/** Ends a program with everything it has started: it leads a process group of its own, where there are such. */
function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch (error) {
    // Nobody is left in it; macOS says EPERM for a group of ended processes.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error;
  }
}

/** @returns the exit code; 124 when the time was up, 127 when it could not be started */
export async function runWatched(command: string, args: readonly string[], options: WatchedOptions): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let lastOutputAt = startedAt;
  let timedOut = false;
  const held: { readonly stream: NodeJS.WriteStream; readonly chunk: Buffer }[] = [];
  const show = (stream: NodeJS.WriteStream) => (chunk: Buffer) => {
    lastOutputAt = performance.now();
    if (options.inOnePiece === true) held.push({ stream, chunk });
    else stream.write(chunk);
  };
  child.stdout.on('data', options.onOutput === undefined ? show(process.stdout) : collect(options.onOutput));
  child.stderr.on('data', show(process.stderr));

  const pulse = setInterval(() => {
    if (performance.now() - lastOutputAt < SIGN_OF_LIFE_MS) return;
    lastOutputAt = performance.now();
    console.log(`    ... ${options.title} is at work, ${Math.round((lastOutputAt - startedAt) / 1000)} s`);
  }, 1000);
  const limit = setTimeout(() => {
    timedOut = true;
    console.error(`    ${options.title} took longer than ${options.mostMinutes} minutes and is ended`);
    endGroup(child, 'SIGTERM');
    setTimeout(endGroup, GRACE_MS, child, 'SIGKILL').unref();
  }, options.mostMinutes * 60_000);
  const interrupted = (signal: NodeJS.Signals): void => {
    endGroup(child, 'SIGTERM');
    process.exit(exitCodeOf(null, signal));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const code = await exitCode(child);
    return timedOut ? 124 : code;
  } finally {
    for (const { stream, chunk } of held) stream.write(chunk);
    clearInterval(pulse);
    clearTimeout(limit);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

function collect(onOutput: (text: string) => void): (chunk: Buffer) => void {
  const decoder = new TextDecoder();
  return (chunk) => {
    onOutput(decoder.decode(chunk, { stream: true }));
  };
}

async function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`    ${error.message}`);
      resolve(127);
    });
    child.once('exit', () => {
      // Whoever is left in the group holds our pipes open, and "close" would never come.
      setTimeout(endGroup, LEFT_BEHIND_MS, child, 'SIGKILL').unref();
    });
    child.once('close', (code, signal) => {
      resolve(exitCodeOf(code, signal));
    });
  });
}
