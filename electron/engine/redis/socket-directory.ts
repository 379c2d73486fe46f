/**
 * Chooses the folder of the Unix socket: a place that only this user can enter, with a path that fits into the
 * system's address structure (104 bytes on macOS, 108 on Linux, the end mark included).
 */
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { RedisServerError, systemErrorCode } from '../core/errors.ts';

export interface SocketDirectoryOptions {
  /** The place it should have: `<HOLDFAST_HOME>/redis/run`. */
  readonly preferred: string;
  /** `XDG_RUNTIME_DIR`: private to the user and short, where there is one. */
  readonly runtimeDirectory: string | null;
  readonly temporaryDirectory: string;
  /** The user's numeric id; null where there are none. */
  readonly userId: number | null;
  /** Take another place than the preferred one although it would fit: its file system has no sockets. */
  readonly elsewhere: boolean;
}

/** Room for the longest file name used (`r-9.sock`) is taken off. */
export const LONGEST_SOCKET_PATH_BYTES = 100;
const LONGEST_NAME = '/r-9.sock';

/**
 * Makes the folder, mode 0700. The same preferred place gives the same answer again, so that a server left behind by a crash
 * is found.
 * Errors: REDIS_NOT_READY when no place is both short enough and ours alone.
 */
export async function prepareSocketDirectory(options: SocketDirectoryOptions): Promise<string> {
  for (const directory of placesInOrder(options)) {
    if (Buffer.byteLength(directory + LONGEST_NAME) > LONGEST_SOCKET_PATH_BYTES) continue;
    if (await makePrivate(directory, options.userId)) return directory;
  }
  throw new RedisServerError(
    'REDIS_NOT_READY',
    'Redis has no private folder with a short path for its socket. Set HOLDFAST_HOME or TMPDIR to a shorter path.',
  );
}

function placesInOrder(options: SocketDirectoryOptions): readonly string[] {
  const short = createHash('sha256').update(options.preferred).digest('hex').slice(0, 12);
  const places = options.elsewhere ? [] : [options.preferred];
  if (options.runtimeDirectory !== null) places.push(path.join(options.runtimeDirectory, `holdfast-${short}`));
  places.push(path.join(options.temporaryDirectory, `holdfast-${options.userId ?? 'user'}-${short}`));
  return places;
}

/** False when somebody else has taken the name, which anybody may do in a shared temporary folder. */
async function makePrivate(directory: string, userId: number | null): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const found = await lstat(directory);
    if (!found.isDirectory() || (userId !== null && found.uid !== userId)) return false;
    await chmod(directory, 0o700);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EEXIST' || code === 'EACCES' || code === 'ENOENT' || code === 'ENOTDIR' || code === 'EPERM')
      return false;
    throw error;
  }
}
