import path from 'node:path';
import { syncDirectory } from '../core/atomic-file.ts';

/** Makes the names of files and folders durable: a synced file whose folder's name is lost in a power cut is lost as well. */
export class DurableFolders {
  readonly #root: string;
  /** Folders whose own names, up to the root, are durable. */
  readonly #durable = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Returns when a name in `folder` and the names of the folders above it are durable. Once per folder and run at least: an
   * earlier run may have ended between creating and syncing.
   */
  async settle(folder: string, hasNewName: boolean): Promise<void> {
    const isFirst = !this.#durable.has(folder);
    if (isFirst || hasNewName) await syncDirectory(folder);
    if (isFirst) await this.#settleNameOf(folder);
  }

  async #settleNameOf(folder: string): Promise<void> {
    if (this.#durable.has(folder)) return;
    const parent = path.dirname(folder);
    await syncDirectory(parent);
    if (folder !== this.#root && parent !== folder) await this.#settleNameOf(parent);
    this.#durable.add(folder);
  }
}
