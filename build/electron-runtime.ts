/** The Electron to start with in a clone: which there is, whether it can be had, and with what it has to be started. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { runInForeground } from './node-runtime.mjs';

type Variables = Readonly<Record<string, string | undefined>>;

export interface ElectronRuntime {
  readonly executable: string;
  readonly dist: string;
  /** `45.4.1` */
  readonly version: string;
}

const RELEASES = 'https://github.com/electron/electron/releases/download/';
const PROBE_MS = 3000;
/** First Electron whose Node offers Node-API 10, which the SQLite addon that users get needs. */
const FIRST_WITH_NODE_API_10 = 36;

export function executableName(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return platform === 'win32' ? 'electron.exe' : 'electron';
}

/** The Electron in a folder, or null if it is not a whole one. */
export function electronIn(dist: string, platform: NodeJS.Platform): ElectronRuntime | null {
  const executable = path.join(dist, executableName(platform));
  const versionFile = path.join(dist, 'version');
  if (!existsSync(executable) || !existsSync(versionFile)) return null;
  return { executable, dist, version: readFileSync(versionFile, 'utf8').trim().replace(/^v/, '') };
}

/**
 * In this order: the one the environment names, the installed one, the released one if it can be downloaded, the one that
 * the tests have prepared. Null when there is none.
 */
export async function findElectron(
  root: string,
  env: Variables,
  platform: NodeJS.Platform,
  say: (line: string) => void,
): Promise<ElectronRuntime | null> {
  const named = env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (named !== undefined && named !== '') {
    const runtime = electronIn(named, platform);
    if (runtime === null) say(`ELECTRON_OVERRIDE_DIST_PATH is set to ${named}, and no Electron is there`);
    return runtime;
  }
  const installedDist = path.join(root, 'node_modules/electron/dist');
  const installed = electronIn(installedDist, platform);
  if (installed !== null) return installed;
  if (await downloadElectron(root, env, say)) return electronIn(installedDist, platform);
  return preparedElectron(root, platform);
}

function preparedElectron(root: string, platform: NodeJS.Platform): ElectronRuntime | null {
  const folders = globSync('.cache/electron-*', { cwd: root }).sort();
  const found = folders.map((folder) => electronIn(path.join(root, folder), platform));
  return found.findLast((runtime) => runtime !== null) ?? null;
}

/** Asks for a small file first: without a network the installer would spend most of a minute on retries. */
async function downloadElectron(root: string, env: Variables, say: (line: string) => void): Promise<boolean> {
  const folder = path.join(root, 'node_modules/electron');
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string };
  const mirror = env['ELECTRON_MIRROR'] ?? env['npm_config_electron_mirror'] ?? RELEASES;
  const answer = await fetch(`${mirror}v${version}/SHASUMS256.txt`, {
    method: 'HEAD',
    signal: AbortSignal.timeout(PROBE_MS),
  }).catch(() => null);
  if (answer?.ok !== true) {
    say(`Electron ${version} cannot be downloaded from here`);
    return false;
  }
  say(`downloading Electron ${version} (about 110 MB, once) ...`);
  const exitCode = await runInForeground(process.execPath, [path.join(folder, 'install.js')], { cwd: root });
  if (exitCode !== 0) say('the download failed; its own message is above');
  return exitCode === 0;
}

/** `missing`: it needs one that has not been built; with the packaged one it crashes. */
export type SqliteBinding =
  { readonly kind: 'packaged' } | { readonly kind: 'built'; readonly file: string } | { readonly kind: 'missing' };

/** The SQLite addon for an Electron: the one that users get, or for old ones the one built for the desktop tests. */
export function sqliteBindingFor(version: string, root: string, env: Variables): SqliteBinding {
  const named = env['HOLDFAST_SQLITE_BINDING'];
  if (named !== undefined && named !== '') return { kind: 'built', file: named };
  if (Number.parseInt(version, 10) >= FIRST_WITH_NODE_API_10) return { kind: 'packaged' };
  const built = globSync('.cache/better-sqlite3-*-napi9.node', { cwd: root }).sort().at(-1);
  return built === undefined ? { kind: 'missing' } : { kind: 'built', file: path.join(root, built) };
}

/** What decides whether Chromium can put its pages into a sandbox on this system. */
export interface SandboxFacts {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  /** Its helper belongs to root and has the set-user-id bit. */
  readonly hasHelper: boolean;
  /** Ordinary users may make the namespaces that the sandbox is made of. */
  readonly allowsNamespaces: boolean;
}

/** `off`: Chromium refuses to run as root with its sandbox on. `impossible`: it would end at once. */
export function sandboxFor(facts: SandboxFacts): 'on' | 'off' | 'impossible' {
  if (facts.platform !== 'linux') return 'on';
  if (facts.isRoot) return 'off';
  return facts.hasHelper || facts.allowsNamespaces ? 'on' : 'impossible';
}

export function readSandboxFacts(dist: string, platform: NodeJS.Platform): SandboxFacts {
  const helper = statSync(path.join(dist, 'chrome-sandbox'), { throwIfNoEntry: false });
  return {
    platform,
    isRoot: process.getuid?.() === 0,
    hasHelper: helper !== undefined && helper.uid === 0 && (helper.mode & 0o4000) !== 0,
    allowsNamespaces:
      kernelSetting('unprivileged_userns_clone') !== '0' &&
      kernelSetting('apparmor_restrict_unprivileged_userns') !== '1',
  };
}

function kernelSetting(name: string): string | null {
  const file = `/proc/sys/kernel/${name}`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}
