import path from 'node:path';

type Variables = Readonly<Record<string, string | undefined>>;

/** Path rules of a platform, whatever platform this runs on. */
export function pathsOf(platform: NodeJS.Platform): path.PlatformPath {
  return platform === 'win32' ? path.win32 : path.posix;
}

/**
 * Folder of all data: `HOLDFAST_HOME` (made absolute against `userHome`), else the platform's application data folder:
 * `$XDG_DATA_HOME/holdfast` or `~/.local/share/holdfast`, `~/Library/Application Support/Holdfast`, `%APPDATA%\Holdfast`.
 */
export function defaultHome(platform: NodeJS.Platform, env: Variables, userHome: string): string {
  const { join, resolve } = pathsOf(platform);
  const wanted = env['HOLDFAST_HOME'];
  if (wanted !== undefined && wanted !== '') return resolve(userHome, wanted);
  if (platform === 'win32') {
    return join(absoluteOr(platform, env['APPDATA'], join(userHome, 'AppData', 'Roaming')), 'Holdfast');
  }
  if (platform === 'darwin') return join(userHome, 'Library', 'Application Support', 'Holdfast');
  return join(absoluteOr(platform, env['XDG_DATA_HOME'], join(userHome, '.local', 'share')), 'holdfast');
}

/** The XDG specification says that a relative value is to be ignored; an empty one means unset everywhere. */
function absoluteOr(platform: NodeJS.Platform, value: string | undefined, usual: string): string {
  return value !== undefined && pathsOf(platform).isAbsolute(value) ? value : usual;
}

/** Where each thing lies in the data folder. */
export interface DataPaths {
  readonly home: string;
  readonly database: string;
  readonly redisDirectory: string;
  readonly logsDirectory: string;
  readonly archiveDirectory: string;
  readonly spoolDirectory: string;
  readonly backupsDirectory: string;
  /** What became of databases that were put aside. */
  readonly recoveries: string;
  readonly settings: string;
  readonly apiToken: string;
  /** Held by the one engine that may write here. */
  readonly engineLock: string;
  /** Says where the running engine answers; see `engine-record.ts`. */
  readonly engineRecord: string;
  readonly heartbeat: string;
  /** Room that is given back when the disk is full. */
  readonly reserve: string;
}

export function dataPaths(home: string): DataPaths {
  return {
    home,
    database: path.join(home, 'holdfast.db'),
    redisDirectory: path.join(home, 'redis'),
    logsDirectory: path.join(home, 'logs'),
    archiveDirectory: path.join(home, 'archive'),
    spoolDirectory: path.join(home, 'spool'),
    backupsDirectory: path.join(home, 'backups'),
    recoveries: path.join(home, 'recoveries.json'),
    settings: path.join(home, 'settings.json'),
    apiToken: path.join(home, 'api-token'),
    engineLock: path.join(home, 'engine.lock'),
    engineRecord: path.join(home, 'engine.json'),
    heartbeat: path.join(home, 'heartbeat.json'),
    reserve: path.join(home, 'reserve'),
  };
}
