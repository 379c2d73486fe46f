/** Where an agent keeps what, below its root. The only place of the capture that knows an agent's folders. */
import path from 'node:path';
import type { Agent } from '../../../shared/exchange.ts';

/**
 * - `lines`: only ever added to.
 * - `document`: written anew by its agent when something changes; archived when it has settled, each rewriting as a
 *   generation, and parsed as a whole.
 * - `blob`: kept as it is.
 */
export type SourceKind = 'lines' | 'document' | 'blob';

/** One folder of one agent whose files are recorded, for example `/home/ana/.claude`. */
export interface SourceRoot {
  readonly agent: Agent;
  /** Absolute path. */
  readonly directory: string;
  /** Name of the root in the archive. */
  readonly rootKey: string;
}

interface Layout {
  /** Folders below the root that are walked. */
  readonly folders: readonly string[];
  /** Single files below the root. */
  readonly files: readonly string[];
  /** Kind of a file by its path below the root, or null when it is not ours. */
  kindOf(relativePath: string): SourceKind | null;
}

const LAYOUTS: Readonly<Record<Agent, Layout>> = {
  'claude-code': {
    folders: ['projects'],
    files: ['history.jsonl'],
    kindOf: claudeCodeKind,
  },
};

/**
 * Everything below `projects/` belongs to a conversation: sessions and those set aside (`*.orphaned-*.jsonl`,
 * `*.jsonl.superseded-*`), subagents, their meta files, spilled tool results. `sessions-index.json` is a stale cache.
 */
function claudeCodeKind(relativePath: string): SourceKind | null {
  if (relativePath === 'history.jsonl') return 'lines';
  const name = path.posix.basename(relativePath);
  if (!relativePath.startsWith('projects/') || name === 'sessions-index.json' || name.endsWith('.tmp')) return null;
  if (relativePath.includes('/tool-results/')) return 'blob';
  if (/\.jsonl(\.superseded-.*)?$/.test(name)) return 'lines';
  return name.endsWith('.meta.json') ? 'blob' : null;
}

export function layoutOf(agent: Agent): Layout {
  return LAYOUTS[agent];
}

/** Path below the root with forward slashes; null for a path outside of it. */
export function relativePathOf(root: SourceRoot, file: string): string | null {
  const relative = path.relative(root.directory, file);
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) return null;
  return relative.split(path.sep).join('/');
}

/** True for a folder that is walked: something new in it may be ours. */
export function isWalked(root: SourceRoot, directory: string): boolean {
  const [top] = relativePathOf(root, directory)?.split('/') ?? [];
  return top !== undefined && layoutOf(root.agent).folders.includes(top);
}

/** True for one of the folders and everything below them; null stands for everywhere. */
export function isBelow(file: string, folders: readonly string[] | null): boolean {
  if (folders === null) return true;
  return folders.map((folder) => folder.replace(/[/\\]+$/, '')).some((folder) => isInside(file, folder));
}

function isInside(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`) || file.startsWith(`${folder}\\`);
}
