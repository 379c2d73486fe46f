/**
 * Names in the archive. One generation of a transcript has one archive path, below the archive folder, with forward slashes:
 *
 *     <agent>/<root key>/<path below the agent's root>        first generation
 *     <agent>/<root key>/~2/<path below the agent's root>     second generation (the source was truncated or replaced)
 *
 * So the archive describes itself: a lost database is rebuilt from these names, and a person can read the files.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { ArchiveError } from '../core/errors.ts';

export interface ArchiveName {
  readonly agent: string;
  readonly rootKey: string;
  /** 1 for the first one. */
  readonly generation: number;
  /** Path below the agent's root, with forward slashes. */
  readonly relativePath: string;
}

const GENERATION = /^~(?<number>[1-9]\d*)$/;

export function archivePathOf(name: ArchiveName): string {
  // A transcript whose own path begins like a generation gets the number even when it is the first.
  const isPlain = name.generation === 1 && !GENERATION.test(name.relativePath.split('/')[0] ?? '');
  const generation = isPlain ? [] : [`~${name.generation}`];
  return [name.agent, name.rootKey, ...generation, name.relativePath].join('/');
}

/** Inverse of {@link archivePathOf}; null for a path that is none. */
export function parseArchivePath(archivePath: string): ArchiveName | null {
  const parts = archivePath.split('/');
  const [agent, rootKey, ...rest] = parts;
  if (agent === undefined || rootKey === undefined || !parts.every(isName)) return null;
  const number = GENERATION.exec(rest[0] ?? '')?.groups?.['number'];
  const relative = number === undefined ? rest : rest.slice(1);
  if (relative.length === 0) return null;
  return { agent, rootKey, generation: number === undefined ? 1 : Number(number), relativePath: relative.join('/') };
}

/**
 * Where a generation lies on disk.
 * Error: ARCHIVE_MISMATCH for a path that leads out of the archive: it may come from a queue that others can write to.
 */
export function archivedFile(directory: string, archivePath: string): string {
  const parts = archivePath.split('/');
  if (!parts.every(isName)) {
    throw new ArchiveError('ARCHIVE_MISMATCH', 'a queued entry names no file of the archive', {
      context: { archivePath },
    });
  }
  return path.join(directory, ...parts);
}

function isName(part: string): boolean {
  return (
    part !== '' && part !== '.' && part !== '..' && !part.includes('\0') && !(path.sep === '\\' && part.includes('\\'))
  );
}

/**
 * A short readable name for an agent's root folder that no other root has: its last part and a hash of the whole path.
 * `/home/ana/.claude` → `claude-3f2a9c01`.
 */
export function rootKeyOf(root: string): string {
  const readable = path
    .basename(root)
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 8);
  return `${readable === '' ? 'root' : readable.slice(0, 40)}-${hash}`;
}
