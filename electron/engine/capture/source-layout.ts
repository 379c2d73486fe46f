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
  /** Nobody named it: while the agent is not installed it is not missed. */
  readonly isOptional?: boolean;
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
  'gemini-cli': {
    folders: ['tmp'],
    files: [],
    kindOf: geminiCliKind,
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

/**
 * `tmp/<project>/chats/**`: lines, and the whole-file JSON of older versions; what was set aside as unreadable, too. Outputs of
 * tools that were too long lie in `tool-outputs/`.
 */
function geminiCliKind(relativePath: string): SourceKind | null {
  const [top, , folder, ...below] = relativePath.split('/');
  if (top !== 'tmp' || below.length === 0) return null;
  if (folder === 'tool-outputs') return 'blob';
  if (folder !== 'chats') return null;
  if (/\.jsonl(\.unreadable-\d+)?$/.test(relativePath)) return 'lines';
  return relativePath.endsWith('.json') ? 'document' : null;
}

export function layoutOf(agent: Agent): Layout {
  return LAYOUTS[agent];
}

/** Whose root a folder is that somebody names: a copy of an agent's folder, or something in one. */
export function foreignRoot(named: string): Pick<SourceRoot, 'agent' | 'directory'> {
  const parts = named.split(path.sep);
  const chats = parts.lastIndexOf('chats');
  const tmp = chats === -1 ? parts.lastIndexOf('tmp') : chats - 2;
  if (chats !== -1 && parts[tmp] === 'tmp') return { agent: 'gemini-cli', directory: above(parts, tmp) };
  if (path.basename(tmp === -1 ? named : above(parts, tmp)) === '.gemini') {
    return { agent: 'gemini-cli', directory: tmp === -1 ? named : above(parts, tmp) };
  }
  const projects = parts.lastIndexOf('projects');
  return { agent: 'claude-code', directory: projects === -1 ? named : above(parts, projects) };
}

function above(parts: readonly string[], index: number): string {
  return parts.slice(0, index).join(path.sep);
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
