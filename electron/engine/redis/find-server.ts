/**
 * Looks for the Redis to use, in the order people rely on: the address they gave, the one that comes with Holdfast, one
 * of the system, one that the tests' package built. Knows the platforms by argument only.
 */
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseRedisUrl, type RedisEndpoint } from './redis-endpoint.ts';
import { runCommand, type RunCommand } from './run-command.ts';
import { isSupportedVersion, OLDEST_SUPPORTED, parseVersionLine } from './server-version.ts';

export type ServerOrigin = 'url' | 'bundled' | 'system' | 'downloaded';

export interface ExternalServer {
  readonly origin: 'url';
  readonly endpoint: RedisEndpoint;
}

/** A program of this machine that proved that it runs and is new enough. */
export interface LocalServer {
  readonly origin: 'bundled' | 'system' | 'downloaded';
  readonly name: 'redis' | 'valkey';
  readonly version: string;
  readonly executable: string;
  /** What has to be in the environment for the program to find its libraries; empty for most. */
  readonly libraryEnvironment: Readonly<Record<string, string>>;
}

export interface RejectedServer {
  readonly path: string;
  /** Plain sentence. */
  readonly reason: string;
}

export interface ServerSearch {
  /** Null: there is none; Holdfast records without a queue (bypass). */
  readonly server: ExternalServer | LocalServer | null;
  /** Programs that were found and are of no use, for the sentence in the window. */
  readonly rejected: readonly RejectedServer[];
}

export interface FindServerOptions {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** `HOLDFAST_REDIS_URL`, `PATH`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder with `redis/<platform>-<arch>/`. */
  readonly resourcesDirectory: string;
  /** Where redis-memory-server keeps what it built, see `downloadDirectories`. */
  readonly downloadedDirectories?: readonly string[];
  /** Default: a regular file that may be executed. */
  readonly isExecutable?: (file: string) => Promise<boolean>;
  readonly run?: RunCommand;
}

interface Candidate {
  readonly origin: LocalServer['origin'];
  readonly executable: string;
  readonly libraryEnvironment: Readonly<Record<string, string>>;
}

/**
 * Errors: CONFIG_INVALID when `HOLDFAST_REDIS_URL` cannot be read. It does not fall back to another server then: a
 * person who named one does not want the conversations to go elsewhere.
 */
export async function findServer(options: FindServerOptions): Promise<ServerSearch> {
  const url = options.env['HOLDFAST_REDIS_URL'];
  if (url !== undefined && url !== '') {
    return { server: { origin: 'url', endpoint: parseRedisUrl(url) }, rejected: [] };
  }
  const isExecutable = options.isExecutable ?? isExecutableFile;
  const rejected: RejectedServer[] = [];
  for (const candidate of candidates(options)) {
    if (!(await isExecutable(candidate.executable))) continue;
    const outcome = await tryOut(candidate, options.run ?? runCommand);
    if ('reason' in outcome) rejected.push(outcome);
    else return { server: outcome, rejected };
  }
  return { server: null, rejected };
}

/**
 * The folders in which redis-memory-server keeps its build: one in the cache of the packages, one in the home folder.
 * @param packagesDirectory the `node_modules` folder
 */
export function downloadDirectories(packagesDirectory: string, userHome: string): readonly string[] {
  return [
    path.join(packagesDirectory, '.cache', 'redis-memory-server', 'redis-binaries', 'stable'),
    path.join(userHome, '.cache', 'redis-binaries', 'stable'),
  ];
}

function* candidates(options: FindServerOptions): Generator<Candidate> {
  const { platform } = options;
  const paths = platform === 'win32' ? path.win32 : path.posix;
  const suffix = platform === 'win32' ? '.exe' : '';
  const names = [`redis-server${suffix}`, `valkey-server${suffix}`];

  const bundled = paths.join(options.resourcesDirectory, 'redis', `${platform}-${options.arch}`);
  const libraryEnvironment = librariesIn(paths.join(bundled, 'lib'), platform);
  for (const name of names) {
    yield { origin: 'bundled', executable: paths.join(bundled, name), libraryEnvironment };
  }
  for (const directory of searchPath(options.env, platform).filter((entry) => paths.isAbsolute(entry))) {
    for (const name of names) {
      yield { origin: 'system', executable: paths.join(directory, name), libraryEnvironment: {} };
    }
  }
  for (const directory of options.downloadedDirectories ?? []) {
    // On Windows that package takes Memurai, which speaks Redis 7 under a name of its own.
    for (const name of platform === 'win32' ? ['memurai.exe'] : names) {
      yield { origin: 'downloaded', executable: paths.join(directory, name), libraryEnvironment: {} };
    }
  }
}

function searchPath(env: FindServerOptions['env'], platform: NodeJS.Platform): readonly string[] {
  // Windows spells the variable Path and does not care; a copied environment does.
  const name = platform === 'win32' ? Object.keys(env).find((key) => key.toUpperCase() === 'PATH') : 'PATH';
  const value = name === undefined ? undefined : env[name];
  return (value ?? '').split(platform === 'win32' ? ';' : ':');
}

/** A folder that is not there does no harm in these variables, so nothing is looked up here. */
function librariesIn(directory: string, platform: NodeJS.Platform): Readonly<Record<string, string>> {
  if (platform === 'win32') return {};
  return platform === 'darwin' ? { DYLD_LIBRARY_PATH: directory } : { LD_LIBRARY_PATH: directory };
}

/** Only running it shows that its libraries are there and that it is for this machine. */
async function tryOut(candidate: Candidate, run: RunCommand): Promise<LocalServer | RejectedServer> {
  const { stdout } = await run(candidate.executable, ['--version'], candidate.libraryEnvironment);
  const version = parseVersionLine(stdout);
  if (version === null) {
    return { path: candidate.executable, reason: `${candidate.executable} does not run on this machine.` };
  }
  if (!isSupportedVersion(version.version)) {
    const found = `${version.name} ${version.version}`;
    return { path: candidate.executable, reason: `${found} is too old: ${OLDEST_SUPPORTED} or newer is needed.` };
  }
  return { ...candidate, ...version };
}

async function isExecutableFile(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    // Not there or not for us: the same to a search.
    return false;
  }
}
