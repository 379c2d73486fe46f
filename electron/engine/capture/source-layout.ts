/** Where an agent keeps what, below its root. The only place of the capture that knows an agent's folders. */
import { existsSync, readdirSync, statSync } from 'node:fs';
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
  /** Names of databases in the root. Each has a mirror whose files are named as if they lay below it. */
  readonly databases?: RegExp;
  /** Kind of a file by its path below the root, or null when it is not ours. */
  kindOf(relativePath: string): SourceKind | null;
  /** Whether a folder below those folders may hold something of ours; absent: every one may. */
  readonly enters?: (relativePath: string) => boolean;
}

/** `opencode.db`, and `opencode-<channel>.db` of versions that are not released for all. */
const OPENCODE_DATABASE = /^opencode(-[\w.-]+)?\.db$/;
/** Folder of the store that opencode kept before it had a database: one small file for each message and part. */
export const OPENCODE_STORE = 'storage';

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
  opencode: {
    folders: [],
    files: [],
    databases: OPENCODE_DATABASE,
    kindOf: (relativePath) => (isMirror(relativePath) ? 'lines' : null),
  },
  codex: {
    folders: ['sessions', 'archived_sessions'],
    files: ['history.jsonl', 'session_index.jsonl'],
    kindOf: codexKind,
  },
  'copilot-cli': {
    folders: ['session-state', 'history-session-state'],
    files: [],
    kindOf: copilotKind,
    // Beside its events a session keeps copies of the files it worked on.
    enters: (relativePath) => relativePath.split('/').length <= 2,
  },
  cursor: {
    folders: ['projects'],
    files: [],
    kindOf: cursorKind,
    enters: (relativePath) => (relativePath.split('/')[2] ?? TRANSCRIPTS_OF_CURSOR) === TRANSCRIPTS_OF_CURSOR,
  },
};

const TRANSCRIPTS_OF_CURSOR = 'agent-transcripts';

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

/** True for a path below an agent's root that names a file of a mirror: no such file is on disk. */
export function isMirror(relativePath: string): boolean {
  const [source = '', ...below] = relativePath.split('/');
  return below.at(-1)?.endsWith('.jsonl') === true && (OPENCODE_DATABASE.test(source) || source === OPENCODE_STORE);
}

/**
 * What must be on disk for a recorded source to be there: the file itself; for a file of a mirror, the database or the store
 * that it mirrors.
 */
export function onDisk(sourcePath: string): string {
  return (
    /^(?<source>.*[/\\](?:opencode(?:-[\w.-]+)?\.db|opencode[/\\]storage))[/\\].*\.jsonl$/.exec(sourcePath)?.groups?.[
      'source'
    ] ?? sourcePath
  );
}

/** Rollouts in folders of dates; one that was idle for a week is compressed, and then never changes. */
function codexKind(relativePath: string): SourceKind | null {
  if (relativePath === 'history.jsonl' || relativePath === 'session_index.jsonl') return 'lines';
  const name = path.posix.basename(relativePath);
  if (!/^(?:archived_)?sessions\//.test(relativePath) || !name.startsWith('rollout-')) return null;
  if (name.endsWith('.jsonl')) return 'lines';
  return name.endsWith('.jsonl.zst') ? 'document' : null;
}

/** `session-state/<session>/events.jsonl`; before that `session-state/<session>.jsonl` and `history-session-state/…`. */
function copilotKind(relativePath: string): SourceKind | null {
  const parts = relativePath.split('/');
  const name = parts.at(-1) ?? '';
  if (!['session-state', 'history-session-state'].includes(parts[0] ?? '')) return null;
  if (parts.length === 3) return name === 'events.jsonl' ? 'lines' : name === 'workspace.yaml' ? 'blob' : null;
  if (parts.length !== 2) return null;
  return name.endsWith('.jsonl') ? 'lines' : name.endsWith('.json') ? 'document' : null;
}

/** `projects/<folder>/agent-transcripts/**`: lines of JSON, or plain text of the first versions. */
function cursorKind(relativePath: string): SourceKind | null {
  const [top, , below] = relativePath.split('/');
  if (top !== 'projects' || below !== TRANSCRIPTS_OF_CURSOR) return null;
  if (relativePath.endsWith('.jsonl')) return 'lines';
  return relativePath.endsWith('.txt') ? 'document' : null;
}

export function layoutOf(agent: Agent): Layout {
  return LAYOUTS[agent];
}

/** Folders that tell whose copy a folder is, where its name does not. */
const TELLING: readonly (readonly [folder: string, agent: Agent])[] = [
  ['projects', 'claude-code'],
  ['sessions', 'codex'],
  ['archived_sessions', 'codex'],
  ['session-state', 'copilot-cli'],
  ['history-session-state', 'copilot-cli'],
];

/** Whose root a folder is that somebody names: a copy of an agent's folder, or something below one. */
export function foreignRoot(folder: string): Pick<SourceRoot, 'agent' | 'directory'> {
  const opencode = OPENCODE_DATABASE.test(path.basename(folder)) ? path.dirname(folder) : folder;
  if (holdsOpencode(opencode)) return { agent: 'opencode', directory: opencode };
  const parts = folder.split(path.sep);
  const gemini = geminiCliRootOf(folder, parts);
  if (gemini !== null) return { agent: 'gemini-cli', directory: gemini };
  const inside = TELLING.find(([name]) => existsSync(path.join(folder, name)));
  const above = TELLING.map(([name, agent]) => ({ agent, at: parts.lastIndexOf(name) }))
    .filter(({ at }) => at > 0)
    .sort((one, other) => other.at - one.at)[0];
  const directory = inside !== undefined || above === undefined ? folder : parts.slice(0, above.at).join(path.sep);
  const told = inside?.[1] ?? above?.agent ?? 'claude-code';
  return { agent: namedIn(path.basename(directory)) ?? told, directory };
}

/** `tmp/<project>/chats`, or a folder of the name that it has at home. */
function geminiCliRootOf(folder: string, parts: readonly string[]): string | null {
  const chats = parts.lastIndexOf('chats');
  const tmp = chats === -1 ? parts.lastIndexOf('tmp') : chats - 2;
  const directory = parts[tmp] === 'tmp' ? parts.slice(0, tmp).join(path.sep) : folder;
  const isRoot = (chats !== -1 && directory !== folder) || path.basename(directory) === '.gemini';
  return isRoot ? directory : null;
}

/** Two agents have a folder `projects`: then the name of the folder that holds it decides. */
function namedIn(name: string): Agent | null {
  const word = (['codex', 'copilot', 'cursor', 'claude'] as const).find((known) => name.toLowerCase().includes(known));
  if (word === undefined) return null;
  return ({ codex: 'codex', copilot: 'copilot-cli', cursor: 'cursor', claude: 'claude-code' } as const)[word];
}

function holdsOpencode(folder: string): boolean {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  const names = readdirSync(folder, { withFileTypes: true });
  return names.some(
    (entry) =>
      (entry.isFile() && OPENCODE_DATABASE.test(entry.name)) ||
      (entry.isDirectory() && entry.name === OPENCODE_STORE && existsSync(path.join(folder, entry.name, 'message'))),
  );
}

/** Path below the root with forward slashes; null for a path outside of it. */
export function relativePathOf(root: SourceRoot, file: string): string | null {
  const relative = path.relative(root.directory, file);
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) return null;
  return relative.split(path.sep).join('/');
}

/** True for a folder that is walked: something new in it may be ours. */
export function isWalked(root: SourceRoot, directory: string): boolean {
  const relative = relativePathOf(root, directory);
  const [top = ''] = relative?.split('/') ?? [];
  return relative !== null && layoutOf(root.agent).folders.includes(top) && entersFolder(root, relative);
}

/** False for a folder below the agent's own in which nothing of ours can be: it is neither read nor watched. */
export function entersFolder(root: SourceRoot, relativePath: string): boolean {
  return layoutOf(root.agent).enters?.(relativePath) ?? true;
}

/** True for one of the folders and everything below them; null stands for everywhere. */
export function isBelow(file: string, folders: readonly string[] | null): boolean {
  if (folders === null) return true;
  return folders.map((folder) => folder.replace(/[/\\]+$/, '')).some((folder) => isInside(file, folder));
}

function isInside(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`) || file.startsWith(`${folder}\\`);
}
