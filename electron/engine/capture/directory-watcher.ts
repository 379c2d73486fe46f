/**
 * Tells quickly that something happened in a folder. Events are hints: they may be coalesced or lost, and the reconcile finds
 * what they missed. One watch per folder, never per file; where the system can watch a whole tree with one handle
 * (macOS, Windows), one per tree.
 */
import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { systemErrorCode } from '../core/errors.ts';

export interface DirectoryWatcherOptions {
  readonly platform: NodeJS.Platform;
  /** Something happened to this path: a file or a folder that may not exist any more. */
  readonly onChange: (changedPath: string) => void;
  /** The folder cannot be watched: no handles left, or the file system gives no events. */
  readonly onUnwatchable: (directory: string, code: string) => void;
}

export class DirectoryWatcher {
  readonly #options: DirectoryWatcherOptions;
  readonly #watches = new Map<string, FSWatcher>();
  readonly #watchesTrees: boolean;

  constructor(options: DirectoryWatcherOptions) {
    this.#options = options;
    this.#watchesTrees = options.platform === 'darwin' || options.platform === 'win32';
  }

  get size(): number {
    return this.#watches.size;
  }

  /**
   * Watches a folder; a folder that is watched already, alone or as part of its tree, costs nothing.
   * @returns true when it was not watched before
   */
  watch(directory: string): boolean {
    if (this.#watches.has(directory) || this.#isInWatchedTree(directory)) return false;
    let watcher: FSWatcher;
    try {
      watcher = watch(directory, { persistent: false, recursive: this.#watchesTrees });
    } catch (error) {
      this.#unwatchable(directory, error);
      return false;
    }
    this.#watches.set(directory, watcher);
    watcher.on('change', (kind, name) => {
      this.#changed(directory, kind, name?.toString() ?? null);
    });
    watcher.on('error', (error) => {
      this.unwatch(directory);
      this.#unwatchable(directory, error);
    });
    return true;
  }

  unwatch(directory: string): void {
    this.#watches.get(directory)?.close();
    this.#watches.delete(directory);
  }

  /** The folders that are watched now. */
  directories(): string[] {
    return [...this.#watches.keys()];
  }

  close(): void {
    for (const directory of [...this.#watches.keys()]) this.unwatch(directory);
  }

  #changed(directory: string, kind: string, name: string | null): void {
    // A folder that is deleted or moved away announces itself by its own name, and its watch hears nothing any more. A new
    // folder at its place needs a new one, so whoever looks after this finds it unwatched.
    const isItself = kind === 'rename' && name === path.basename(directory) && !this.#watchesTrees;
    if (isItself) this.unwatch(directory);
    if (isItself || name === null) this.#options.onChange(directory);
    if (name !== null) this.#options.onChange(path.join(directory, name));
  }

  #unwatchable(directory: string, error: unknown): void {
    const code = systemErrorCode(error) ?? 'UNKNOWN';
    // A folder that went away between two looks is no problem of watching.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#options.onUnwatchable(directory, code);
  }

  #isInWatchedTree(directory: string): boolean {
    if (!this.#watchesTrees) return false;
    for (const watched of this.#watches.keys()) if (directory.startsWith(watched + path.sep)) return true;
    return false;
  }
}
