/** A process of the harness, and what it says. Ended with its scope, whatever it does. */
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import type { EpochPlace } from './epoch-place.ts';

export class Part implements Disposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #messages: unknown[] = [];
  readonly #exited: Promise<number | null>;

  /** @param name of its file, and of its log */
  constructor(place: EpochPlace, name: string, options: Readonly<Record<string, unknown>>) {
    this.#name = name;
    const log = openSync(path.join(place.logs, `${name}.log`), 'a');
    this.#child = fork(path.join(import.meta.dirname, `${name}.ts`), [JSON.stringify(options)], {
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#child.on('message', (message) => this.#messages.push(message));
    this.#exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on('message', listener);
  }

  tell(word: string): void {
    this.#child.send(word);
  }

  /**
   * The first message of that shape. Rejects when this part, or another that has to go on meanwhile, ends before, or the time is
   * up.
   */
  until<T>(wanted: z.ZodType<T>, withinMs: number, ...others: readonly Part[]): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`${this.#name} said nothing within ${(withinMs / 1000).toFixed(0)} s`));
      }, withinMs);
      const listen = (message: unknown): void => {
        const parsed = wanted.safeParse(message);
        if (!parsed.success) return;
        clearTimeout(late);
        resolve(parsed.data);
      };
      this.#messages.forEach(listen);
      this.#child.on('message', listen);
      for (const part of [this, ...others]) {
        void part.#exited.then((code) => {
          clearTimeout(late);
          reject(new Error(`${part.#name} ended with ${String(code)} before its time; see ${part.#name}.log`));
        });
      }
    });
  }

  [Symbol.dispose](): void {
    // The end of its channel is its own end: a nemesis takes its Holdfast with it.
    if (this.#child.connected) this.#child.disconnect();
  }
}
