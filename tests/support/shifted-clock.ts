/** The wall clock of a program, set to another time while it runs. Its monotonic clock goes on. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { CLONE } from './workplace.ts';
import { compilePreload } from './preload.ts';

export class ShiftedClock implements Disposable {
  readonly env: Readonly<Record<string, string>>;
  readonly #fd: number;

  /** @param name of the file that holds the shift, so that several programs can have different times */
  constructor(folder: string, name: string) {
    const file = path.join(folder, name);
    writeFileSync(file, Buffer.alloc(8));
    // Opened once: the program maps this very file.
    this.#fd = openSync(file, 'r+');
    const library = compilePreload(path.join(CLONE, 'tests', 'faults', 'clock', 'shifted-clock.c'), folder);
    this.env = { LD_PRELOAD: library, CLOCK_SHIFT: file };
  }

  /** From now on the program's clock is wrong by this much. @param milliseconds negative: it is slow */
  set(milliseconds: number): void {
    const shift = Buffer.alloc(8);
    shift.writeBigInt64LE(BigInt(milliseconds));
    writeSync(this.#fd, shift, 0, 8, 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
