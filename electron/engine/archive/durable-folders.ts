import path from 'node:path';
import { syncDirectory } from '../core/atomic-file.ts';

/** Makes the names of files and folders durable: a synced file whose folder's name is lost in a power cut is lost as well. */
export class DurableFolders {
  readonly #root: string;
  /** Folders whose own names, up to the root, are durable. */
  readonly #durable = new Set<string>();
  /** Files made in this run whose names are not durable yet. */
  readonly #unsettled = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** A file was made: whoever settles it first makes its name durable, in this attempt to write it or in a later one. */
  noteNew(file: string): void {
    this.#unsettled.add(file);
  }

  /**
   * Returns when the file's name and those of the folders above it are durable. Once per folder and run at least: an earlier
   * run may have ended between creating and syncing.
   */
  async settle(file: string): Promise<void> {
    const folder = path.dirname(file);
    const isFirst = !this.#durable.has(folder);
    if (isFirst || this.#unsettled.has(file)) await syncDirectory(folder);
    if (isFirst) await this.#settleNameOf(folder);
    this.#unsettled.delete(file);
  }

  async #settleNameOf(folder: string): Promise<void> {
    if (this.#durable.has(folder)) return;
    const parent = path.dirname(folder);
    await syncDirectory(parent);
    if (folder !== this.#root && parent !== folder) await this.#settleNameOf(parent);
    this.#durable.add(folder);
  }
}
