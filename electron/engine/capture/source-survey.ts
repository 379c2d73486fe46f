/** Looks where transcripts are, and sets the watches on the way, so that nothing which is written meanwhile is missed. */
import { lstat } from 'node:fs/promises';
import { systemErrorCode } from '../core/errors.ts';
import type { DirectoryWatcher } from './directory-watcher.ts';
import { isWalked, type SourceRoot } from './source-layout.ts';
import { SourceScanner } from './source-scanner.ts';
import type { TranscriptRegistry } from './transcript-registry.ts';

export interface Survey {
  /** Every file that is recorded and on disk now. */
  readonly files: readonly string[];
  readonly missingRoots: readonly SourceRoot[];
  readonly presentRoots: readonly SourceRoot[];
  /** Paths among the transcripts that are no files that can be read, with the reason. */
  readonly skipped: ReadonlyMap<string, string>;
}

export class SourceSurvey {
  readonly #registry: TranscriptRegistry;
  readonly #watcher: DirectoryWatcher | null;

  /** @param watcher null: nothing is watched */
  constructor(registry: TranscriptRegistry, watcher: DirectoryWatcher | null) {
    this.#registry = registry;
    this.#watcher = watcher;
  }

  /** Walks all roots. Rejects with an AbortError on `signal`. */
  async everything(signal: AbortSignal): Promise<Survey> {
    const watchedBefore = this.#watcher?.directories() ?? [];
    const found = this.#newWalk(signal);
    const missingRoots: SourceRoot[] = [];
    const presentRoots: SourceRoot[] = [];
    for (const root of this.#registry.roots) {
      const isThere = await found.scanner.scanRoot(root, signal);
      (isThere ? presentRoots : missingRoots).push(root);
    }
    const missed = this.#missed(missingRoots, presentRoots);
    // Not those that an event has added meanwhile: the walk may have passed their parents before they were made.
    for (const directory of watchedBefore) if (!found.directories.has(directory)) this.#watcher?.unwatch(directory);
    return { files: this.#ours(found.files), missingRoots: missed, presentRoots, skipped: found.skipped };
  }

  /** Walks one folder that something happened to. @returns the files in it; none when it is no folder of ours */
  async folder(directory: string, signal: AbortSignal): Promise<readonly string[]> {
    const root = this.#registry.roots.find((candidate) => isWalked(candidate, directory));
    if (root === undefined || !(await isDirectory(directory))) return [];
    const found = this.#newWalk(signal);
    await found.scanner.scanDirectory(root, directory, signal);
    return this.#ours(found.files);
  }

  /** True for a path where a new folder matters. */
  isWalked(candidate: string): boolean {
    return this.#registry.roots.some((root) => isWalked(root, candidate));
  }

  isRoot(candidate: string): boolean {
    return this.#registry.roots.some((root) => root.directory === candidate);
  }

  /** Not those of agents that are not installed; without any agent the first one, which then stands for all. */
  #missed(missing: readonly SourceRoot[], present: readonly SourceRoot[]): readonly SourceRoot[] {
    const known = new Set([...this.#registry.all()].map((file) => file.root));
    const missed = missing.filter((root) => root.isOptional !== true || known.has(root));
    return missed.length === 0 && present.length === 0 ? missing.slice(0, 1) : missed;
  }

  // Each walk has collections of its own: an event may start one while another is under way.
  #newWalk(signal: AbortSignal): {
    readonly scanner: SourceScanner;
    readonly files: string[];
    readonly directories: Set<string>;
    readonly skipped: Map<string, string>;
  } {
    const files: string[] = [];
    const directories = new Set<string>();
    const skipped = new Map<string, string>();
    const scanner = new SourceScanner({
      directory: (directory) => {
        directories.add(directory);
        if (!signal.aborted) this.#watcher?.watch(directory);
      },
      file: (file) => files.push(file),
      skipped: (path, reason) => skipped.set(path, reason),
    });
    return { scanner, files, directories, skipped };
  }

  #ours(files: readonly string[]): string[] {
    return files.filter((file) => this.#registry.track(file) !== null);
  }
}

async function isDirectory(candidate: string): Promise<boolean> {
  try {
    return (await lstat(candidate)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return false;
  }
}
