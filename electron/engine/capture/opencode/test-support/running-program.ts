import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('opencode-program.ts', import.meta.url));

/** A process that has the database open and writes when it is told to. */
export class RunningProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
    this.#answers = lines[Symbol.asyncIterator]();
  }

  static async start(file: string, session: string): Promise<RunningProgram> {
    const child = spawn(process.execPath, [PROGRAM, file, session], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no output');
    const program = new RunningProgram(child, createInterface({ input: child.stdout }));
    await program.#answers.next();
    return program;
  }

  /** Resolves when it was done. */
  async tell(...lines: readonly string[]): Promise<void> {
    this.#child.stdin?.write(lines.map((line) => `${line}\n`).join(''));
    for (let told = 0; told < lines.length; told += 1) {
      if ((await this.#answers.next()).done === true) throw new Error('the program has ended');
    }
  }

  /** Ends it as a person does, or as a crash does. */
  async end(how: 'close' | 'kill'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    if (how === 'kill') this.#child.kill('SIGKILL');
    else this.#child.stdin?.end();
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('kill');
    this.#lines.close();
  }
}
