/** Processes that reach for the same lock at the same moment, again and again. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { CLONE } from './workplace.ts';

const RACER = path.join(CLONE, 'electron', 'engine', 'store', 'test-support', 'lock-racer.ts');
/** From the word to the moment: long enough for every process to have read it. */
const READY_MS = 5;

export class LockRacers implements Disposable {
  readonly #children: readonly ChildProcess[];
  readonly #answers: readonly AsyncIterator<string>[];

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () =>
      spawn(process.execPath, [RACER], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    this.#answers = this.#children.map((child) => {
      if (child.stdout === null) throw new Error('no output to read');
      return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    });
  }

  /** @returns how many of them have the lock */
  async race(file: string): Promise<number> {
    const at = Date.now() + READY_MS;
    for (const child of this.#children) child.stdin?.write(`${String(at)} ${file}\n`);
    const said = await Promise.all(this.#answers.map(async (answers) => String((await answers.next()).value)));
    return said.filter((word) => word === 'locked').length;
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}
