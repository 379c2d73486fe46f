/**
 * Room that is kept for the time in which the disk is full: a file that is given back then, so that stopping, dead letters, the
 * log and the window still work. It is really written, and with bytes that no file system can squeeze or leave out.
 */
import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { systemErrorCode } from '../core/errors.ts';

const CHUNK_BYTES = 1024 * 1024;
/** The unit of `stat`, whatever the file system's own. */
const BLOCK_BYTES = 512;

export class ReserveFile {
  readonly sizeBytes: number;
  readonly #file: string;
  #isHeld = false;

  constructor(file: string, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /** As far as is known: of what an earlier run has left, after `look`. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Sees whether an earlier run has left it, whole. */
  async look(): Promise<void> {
    try {
      const { size, blocks } = await stat(this.#file);
      // A file with holes has the size and not the blocks.
      this.#isHeld = size === this.sizeBytes && blocks * BLOCK_BYTES >= size;
    } catch (error) {
      if (systemErrorCode(error) === null) throw error;
      this.#isHeld = false;
    }
  }

  /** Writes it. Leaves nothing behind when there is no room. @returns whether it is there now */
  async take(signal: AbortSignal): Promise<boolean> {
    if (this.#isHeld) return true;
    try {
      await this.#write(signal);
      this.#isHeld = true;
    } catch (error) {
      if (systemErrorCode(error) === null && !signal.aborted) throw error;
      await this.release();
    }
    return this.#isHeld;
  }

  /** Gives the room back. Removing needs none itself. */
  async release(): Promise<void> {
    this.#isHeld = false;
    try {
      await rm(this.#file, { force: true });
    } catch (error) {
      // On a disk that has become read-only it stays; there it would not help either.
      if (systemErrorCode(error) === null) throw error;
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const handle = await open(this.#file, 'w', 0o600);
    try {
      for (let at = 0; at < this.sizeBytes;) {
        signal.throwIfAborted();
        const chunk = randomBytes(Math.min(CHUNK_BYTES, this.sizeBytes - at));
        const { bytesWritten } = await handle.write(chunk, 0, chunk.length, at);
        at += bytesWritten;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
