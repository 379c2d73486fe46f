/** One look at one path: which generation of which transcript it is, and what becomes of it. The bytes are the tailer's. */
import type { Logger } from '../core/logger.ts';
import { findRenamed } from './rename-finder.ts';
import { isMirror } from './source-layout.ts';
import type { TrackedFile } from './tracked-file.ts';
import type { TranscriptRegistry } from './transcript-registry.ts';
import type { FollowOutcome, TranscriptTailer } from './transcript-tailer.ts';

export interface TranscriptFollowerOptions {
  readonly registry: TranscriptRegistry;
  readonly tailer: TranscriptTailer;
  readonly logger: Logger;
  /** A look at it has ended; the queue may have had no room for all of it. */
  readonly onLooked: (file: TrackedFile) => void;
}

export class TranscriptFollower {
  readonly #options: TranscriptFollowerOptions;
  /** One per inode is enough: of several names of one file none is a rename, and an inode that is used again is another file's. */
  readonly #byInode = new Map<bigint, TrackedFile>();

  constructor(options: TranscriptFollowerOptions) {
    this.#options = options;
  }

  /**
   * Brings what is at that path up to date. Never gives `replaced`: the new generation is followed at once.
   * @param name path of a source, or archive path of a generation that has none any more
   */
  async look(name: string, thorough: boolean): Promise<FollowOutcome> {
    const { registry, tailer, onLooked } = this.#options;
    const archivedOnly = registry.get(name);
    if (archivedOnly !== undefined) {
      await tailer.finish(archivedOnly);
      onLooked(archivedOnly);
      return 'unchanged';
    }
    const mirror = registry.ofSource(name);
    if (mirror?.root?.agent === 'opencode' && isMirror(mirror.relativePath)) {
      await tailer.finish(mirror);
      onLooked(mirror);
      return 'unchanged';
    }
    const file = await this.#fileAt(name);
    if (file === null) return 'unchanged';
    const outcome = await tailer.follow(file, thorough);
    this.#looked(file);
    return outcome === 'replaced' ? await this.#replace(file) : outcome;
  }

  /** A new name may be a file that is known under a name which is gone: then its generation goes on under the new one. */
  async #fileAt(sourcePath: string): Promise<TrackedFile | null> {
    const { registry, tailer, logger } = this.#options;
    const file = registry.track(sourcePath);
    if (file === null || file.mark !== null || file.archived > 0) return file;
    const renamed = await findRenamed(sourcePath, {
      withInode: (inode) => this.#byInode.get(inode),
      continuesAs: (known, name) => tailer.continuesAs(known, name),
    });
    if (renamed === null) return file;
    registry.rename(renamed, sourcePath);
    logger.info('a transcript was renamed', { path: renamed.archivePath });
    return renamed;
  }

  async #replace(past: TrackedFile): Promise<FollowOutcome> {
    const { registry, tailer, logger, onLooked } = this.#options;
    const next = registry.nextGeneration(past);
    await tailer.finish(past);
    onLooked(past);
    logger.info('a transcript was replaced', { path: past.archivePath, generation: next.generation });
    const outcome = await tailer.follow(next, false);
    this.#looked(next);
    // It was replaced again meanwhile; the next look sees what it is by then.
    return outcome === 'replaced' ? 'blocked' : outcome;
  }
  #looked(file: TrackedFile): void {
    if (file.inode !== null) this.#byInode.set(file.inode, file);
    this.#options.onLooked(file);
  }
}
