/**
 * The mirror of one database or store in the archive: a file of lines for each session, and one for what belongs to no
 * session. In: new rows of a session. Out: those lines that are not there yet, durable and in the queue.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { ArchiveSink } from '../archive-sink.ts';
import type { TrackedFile } from '../tracked-file.ts';
import type { TranscriptRegistry } from '../transcript-registry.ts';
import type { TranscriptTailer } from '../transcript-tailer.ts';
import { MirrorHashes, parsePassLine, type Pass } from './mirror-lines.ts';
import type { RowLine } from './row-line.ts';

export interface RowMirrorOptions {
  readonly registry: TranscriptRegistry;
  readonly tailer: TranscriptTailer;
  readonly archive: Pick<ArchiveSink, 'read'>;
}

const CHUNK_BYTES = 1024 * 1024;
/** A pass line is some hundred bytes, or some hundred kilobytes right after a large import. */
const LONGEST_TAIL_BYTES = 1024 * 1024;
const PLAIN_NAME = /^[\w-]{1,100}$/;
/** File of the rows that belong to no session. No session has that id: theirs begin with `ses_`. */
const DATABASE_NAME = 'database';

export class RowMirror {
  readonly #options: RowMirrorOptions;
  readonly #directory: string;

  /** @param source path of the database or store; its mirror's files are named as if they lay below it */
  constructor(source: string, options: RowMirrorOptions) {
    this.#directory = source;
    this.#options = options;
  }

  /** @param lineage ids of sessions, from the one a person started to the one whose rows are wanted; empty: no session */
  fileOf(lineage: readonly string[]): TrackedFile | null {
    return this.#options.registry.track(path.join(this.#directory, mirrorName(lineage)));
  }

  /** @returns true when something was new */
  async append(file: TrackedFile, lines: readonly Pick<RowLine, 'bytes'>[]): Promise<boolean> {
    if (lines.length === 0) return false;
    await this.#options.tailer.addLines(file, Buffer.concat(lines.map((line) => line.bytes)));
    return true;
  }

  /** The last state of each row that the file holds: its hash by its name. */
  async hashesIn(file: TrackedFile): Promise<ReadonlyMap<string, string>> {
    const hashes = new MirrorHashes();
    for (let at = 0; at < file.archived; at += CHUNK_BYTES) {
      hashes.read(await this.#options.archive.read(file.archivePath, at, Math.min(at + CHUNK_BYTES, file.archived)));
    }
    return hashes.byName;
  }

  /** The last pass over the whole source that was written down; see {@link lastPassOf}. */
  async lastPass(): Promise<Pass | null> {
    return await this.lastPassOf(this.fileOf([]));
  }

  /** The last pass that was written down in a file; null when there was none, or when it cannot be found near the end. */
  async lastPassOf(file: TrackedFile | null): Promise<Pass | null> {
    if (file === null || file.archived === 0) return null;
    const start = Math.max(0, file.archived - LONGEST_TAIL_BYTES);
    const tail = (await this.#options.archive.read(file.archivePath, start, file.archived)).toString('utf8');
    const lines = tail.split('\n');
    for (const line of lines.reverse()) {
      const pass = parsePassLine(line);
      if (pass !== null) return pass;
    }
    return null;
  }
}

/**
 * Path of a mirror's file below its source. Deeper sessions lie beside each other: the path says which conversation they
 * belong to, and which they are.
 */
export function mirrorName(lineage: readonly string[]): string {
  const [first = DATABASE_NAME, ...below] = lineage;
  const last = below.at(-1);
  return `${[first, ...(last === undefined ? [] : [last])].map(plainName).join('/')}.jsonl`;
}

/** An id of an agent is a plain word; anything else must not become a path. */
function plainName(id: string): string {
  return PLAIN_NAME.test(id) ? id : `x-${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}
