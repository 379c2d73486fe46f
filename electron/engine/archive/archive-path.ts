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
  const generation = name.generation === 1 ? [] : [`~${name.generation}`];
  return [name.agent, name.rootKey, ...generation, name.relativePath].join('/');
}

/** Inverse of {@link archivePathOf}; null for a path that is none. */
export function parseArchivePath(archivePath: string): ArchiveName | null {
  const [agent, rootKey, ...rest] = archivePath.split('/');
  if (agent === undefined || rootKey === undefined || rest.length === 0) return null;
  const number = GENERATION.exec(rest[0] ?? '')?.groups?.['number'];
  const relative = number === undefined ? rest : rest.slice(1);
  if (relative.length === 0 || relative.some((part) => part === '' || part === '.' || part === '..')) return null;
  return { agent, rootKey, generation: number === undefined ? 1 : Number(number), relativePath: relative.join('/') };
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
