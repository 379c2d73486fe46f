/** The databases and old stores of opencode below the known roots, each with the follower that keeps its mirror. */
import path from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { ForeignDatabase } from '../../core/foreign-database.ts';
import type { RowSources } from '../row-sources.ts';
import { layoutOf } from '../source-layout.ts';
import type { FollowOutcome } from '../transcript-tailer.ts';
import { listRowSources, storeIn } from './source-list.ts';
import { DatabaseFollower } from './database-follower.ts';
import { RowMirror, type RowMirrorOptions } from './row-mirror.ts';
import { StoreFollower } from './store-follower.ts';

export interface OpencodeSourcesOptions extends RowMirrorOptions {
  readonly clock: Clock;
  /** Errors: TRANSCRIPT_UNREADABLE, NOT_FOUND. */
  readonly openDatabase: (file: string) => ForeignDatabase;
}

/** Files that SQLite keeps beside a database: a change of them is one of the database. */
const BESIDE_DATABASE = /-(wal|shm|journal)$/;

export class OpencodeSources implements RowSources {
  readonly #options: OpencodeSourcesOptions;
  readonly #followers = new Map<string, DatabaseFollower | StoreFollower>();

  constructor(options: OpencodeSourcesOptions) {
    this.#options = options;
  }

  sourceOf(changedPath: string): string | null {
    const source = changedPath.replace(BESIDE_DATABASE, '');
    if (this.#isDatabase(source)) return source;
    const stores = this.#options.registry.roots.filter(({ agent }) => agent === 'opencode').map(storeIn);
    return stores.find((store) => changedPath === store || isOfStore(changedPath, store)) ?? null;
  }

  list(): Promise<readonly string[]> {
    return listRowSources(this.#options.registry.roots);
  }

  follow(source: string, thorough: boolean): Promise<FollowOutcome> {
    let follower = this.#followers.get(source);
    if (follower === undefined) {
      const { clock, openDatabase: open } = this.#options;
      const mirror = new RowMirror(source, this.#options);
      follower = this.#isDatabase(source)
        ? new DatabaseFollower({ file: source, mirror, clock, open })
        : new StoreFollower({ directory: source, mirror, clock });
      this.#followers.set(source, follower);
    }
    return follower.follow(thorough);
  }

  failures(): readonly { readonly path: string; readonly reason: string }[] {
    return [...this.#followers].flatMap(([file, { failure }]) =>
      failure === null ? [] : [{ path: file, reason: failure }],
    );
  }

  #isDatabase(file: string): boolean {
    const directory = path.dirname(file);
    return this.#options.registry.roots.some(
      (root) => root.directory === directory && layoutOf(root.agent).databases?.test(path.basename(file)) === true,
    );
  }
}

/** Newer versions go on writing other things beside the conversations. */
function isOfStore(changedPath: string, store: string): boolean {
  return ['session', 'message', 'part'].some((folder) => changedPath.startsWith(path.join(store, folder) + path.sep));
}
