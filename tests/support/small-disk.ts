/** A small disk of the test's own: full when the test wants it to be, and larger when it says so. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, openSync, closeSync, writeSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';

const CHUNK = Buffer.alloc(64 * 1024, 0x5a);

export class SmallDisk implements Disposable {
  readonly directory: string;
  #isMounted = true;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Error with what to do about it when this account may not mount. */
  static mount(directory: string, sizeMb: number): SmallDisk {
    if (process.getuid?.() !== 0) {
      throw new Error('These tests mount small disks of their own: run them as root, for example in a container.');
    }
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(sizeMb)}m,mode=700`, 'small-disk', directory]);
    return new SmallDisk(directory);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Makes it larger without taking it away from whoever uses it. */
  resize(sizeMb: number): void {
    execFileSync('mount', ['-o', `remount,size=${String(sizeMb)}m`, this.directory]);
  }

  /** Another program takes all the room there is, but for so much. */
  fill(leaveBytes = 0): void {
    const fd = openSync(path.join(this.directory, 'somebody-elses-file'), 'a');
    try {
      for (let left = this.freeBytes - leaveBytes; left > 0; left = this.freeBytes - leaveBytes) {
        writeSync(fd, CHUNK, 0, Math.min(left, CHUNK.length));
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** The other program goes away with what it took. */
  clear(): void {
    rmSync(path.join(this.directory, 'somebody-elses-file'), { force: true });
  }

  /** Detached at once even if a process of a failed test still works in it. */
  [Symbol.dispose](): void {
    if (this.#isMounted) execFileSync('umount', ['-l', this.directory]);
    this.#isMounted = false;
  }
}
