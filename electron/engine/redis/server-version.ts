export interface ServerVersion {
  readonly name: 'redis' | 'valkey';
  /** `7.0.15`. */
  readonly version: string;
}

/** Oldest server that has XAUTOCLAIM, XTRIM MINID and ACL rules for subcommands. */
export const OLDEST_SUPPORTED = '6.2';

/** Reads `Redis server v=7.0.15 sha=…`, the answer to `--version`; null when it is something else. */
export function parseVersionLine(text: string): ServerVersion | null {
  const match = /^(redis|valkey) server v=(\d+(?:\.\d+)*)/im.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { name: match[1].toLowerCase() === 'valkey' ? 'valkey' : 'redis', version: match[2] };
}

export function isSupportedVersion(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_SUPPORTED.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}
