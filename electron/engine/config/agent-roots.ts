import { realpath } from 'node:fs/promises';
import type { Agent } from '../../../shared/exchange.ts';
import { ConfigError, systemErrorCode } from '../core/errors.ts';
import { pathsOf } from './data-paths.ts';

/** What decides where the agents keep their transcripts. */
export interface AgentRootsOptions {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userHome: string;
  /** `sources.claudeCode.extraRoots` of the settings: absolute, or beginning with `~/`. */
  readonly extraRoots: readonly string[];
}

/** A folder in which an agent keeps its transcripts. */
export interface AgentRoot {
  readonly agent: Agent;
  readonly directory: string;
  /** True for the usual place that nobody named: while the agent is not installed it is not missed. */
  readonly isOptional: boolean;
}

interface AgentHome {
  readonly agent: Agent;
  /** Variable that names the folder. */
  readonly variable: string;
  /** Where it is otherwise, below the person's home. */
  readonly usual: readonly string[];
}

const HOMES: readonly AgentHome[] = [
  { agent: 'codex', variable: 'CODEX_HOME', usual: ['.codex'] },
  { agent: 'copilot-cli', variable: 'COPILOT_HOME', usual: ['.copilot'] },
  { agent: 'cursor', variable: 'CURSOR_CONFIG_DIR', usual: ['.cursor'] },
];

/**
 * Folders of every agent, whether they exist or not, those of Claude Code first.
 * Errors: CONFIG_INVALID for an extra root that is relative.
 */
export async function agentRoots(options: AgentRootsOptions): Promise<readonly AgentRoot[]> {
  const [own, ...extra] = await claudeCodeRoots(options);
  const claude = (directory: string, isOptional: boolean): AgentRoot => ({
    agent: 'claude-code',
    directory,
    isOptional,
  });
  return [
    ...(own === undefined ? [] : [claude(own, (options.env['CLAUDE_CONFIG_DIR'] ?? '') === '')]),
    ...extra.map((directory) => claude(directory, false)),
    ...HOMES.map((home) => homeOf(home, options)),
    geminiCliRoot(options),
    opencodeRoot(options),
  ];
}

/**
 * Gemini CLI: `.gemini` in the folder that `GEMINI_CLI_HOME` names instead of the person's home. One that names a folder
 * `.gemini` is taken for that folder itself.
 */
function geminiCliRoot({ platform, env, userHome }: AgentRootsOptions): AgentRoot {
  const paths = pathsOf(platform);
  const named = env['GEMINI_CLI_HOME'] ?? '';
  const home = paths.resolve(userHome, named);
  const directory = paths.basename(home) === '.gemini' ? home : paths.join(home, '.gemini');
  return { agent: 'gemini-cli', directory, isOptional: named === '' };
}

function homeOf({ agent, variable, usual }: AgentHome, { platform, env, userHome }: AgentRootsOptions): AgentRoot {
  const paths = pathsOf(platform);
  const named = env[variable] ?? '';
  return named === ''
    ? { agent, directory: paths.join(userHome, ...usual), isOptional: true }
    : { agent, directory: paths.resolve(userHome, named), isOptional: false };
}

/**
 * Data folder of opencode: `${XDG_DATA_HOME:-~/.local/share}/opencode`, on macOS and Windows too. A relative `XDG_DATA_HOME`
 * is taken from the person's home: opencode takes it from wherever it is started.
 */
function opencodeRoot({ platform, env, userHome }: AgentRootsOptions): AgentRoot {
  const paths = pathsOf(platform);
  const named = env['XDG_DATA_HOME'] ?? '';
  const data = named === '' ? paths.join(userHome, '.local', 'share') : paths.resolve(userHome, named);
  // The variable names a folder of all programs: opencode need not be among them.
  return { agent: 'opencode', directory: paths.join(data, 'opencode'), isOptional: true };
}

/**
 * Configuration folders of Claude Code, whether they exist or not: `${CLAUDE_CONFIG_DIR:-~/.claude}` first, then the extra
 * ones. Two names of one folder (links, `..`, letter case on Windows) give it once, under the first name.
 * Errors: CONFIG_INVALID for an extra root that is relative.
 */
export async function claudeCodeRoots(options: AgentRootsOptions): Promise<readonly string[]> {
  const { platform, env, userHome } = options;
  const paths = pathsOf(platform);
  const own = env['CLAUDE_CONFIG_DIR'];
  const candidates = [
    own === undefined || own === '' ? paths.join(userHome, '.claude') : paths.resolve(userHome, own),
    ...options.extraRoots.map((root, index) => absoluteRoot(root, index, options)),
  ];
  const roots = new Map<string, string>();
  for (const candidate of candidates) {
    const real = await realPathOf(candidate);
    const identity = platform === 'win32' ? real.toLowerCase() : real;
    if (!roots.has(identity)) roots.set(identity, candidate);
  }
  return [...roots.values()];
}

function absoluteRoot(root: string, index: number, options: AgentRootsOptions): string {
  const paths = pathsOf(options.platform);
  if (root === '~' || /^~[/\\]/.test(root)) return paths.join(options.userHome, root.slice(1));
  if (paths.isAbsolute(root)) return paths.resolve(root);
  throw new ConfigError(
    'CONFIG_INVALID',
    `The setting sources.claudeCode.extraRoots.${String(index)} is "${root}", which is not an absolute path: ` +
      'write the whole path, then start again.',
    { context: { index } },
  );
}

async function realPathOf(candidate: string): Promise<string> {
  try {
    return await realpath(candidate);
  } catch (error) {
    // Not there yet, a link loop, or not ours to read: its name is the best identity there is.
    if (systemErrorCode(error) !== null) return candidate;
    throw error;
  }
}
