import type { EpochMs } from '../../../shared/time.ts';

/** What the server says of itself. A figure it does not give is null. */
export interface ServerFacts {
  readonly version: string;
  readonly memoryBytes: number | null;
  /** `error`: the last write or rewrite of the append-only file failed; the server refuses writes meanwhile. */
  readonly aof: 'ok' | 'error' | 'off';
  /** `noeviction`, or the queue may lose entries without a word. */
  readonly evictionPolicy: string | null;
  /** The last snapshot (BGSAVE) of this run; null when there was none. */
  readonly lastSaveAt: EpochMs | null;
}

/** The `name:value` lines of INFO. */
export function parseInfo(reply: unknown): ReadonlyMap<string, string> {
  const lines = typeof reply === 'string' ? reply.split(/\r?\n/) : [];
  const pairs = lines.map((line) => [line.indexOf(':'), line] as const).filter(([colon]) => colon > 0);
  return new Map(pairs.map(([colon, line]) => [line.slice(0, colon), line.slice(colon + 1)]));
}

/** @param now at which INFO was asked */
export function factsFromInfo(info: ReadonlyMap<string, string>, now: EpochMs): ServerFacts {
  return {
    version: info.get('redis_version') ?? '0',
    memoryBytes: numberOf(info.get('used_memory')),
    aof: aofState(info),
    evictionPolicy: info.get('maxmemory_policy') ?? null,
    lastSaveAt: lastSaveAt(info, now),
  };
}

function aofState(info: ReadonlyMap<string, string>): ServerFacts['aof'] {
  if (info.get('aof_enabled') !== '1') return 'off';
  const failed = info.get('aof_last_write_status') === 'err' || info.get('aof_last_bgrewrite_status') === 'err';
  return failed ? 'error' : 'ok';
}

/** A server that never saved reports the moment of its start as the last save. */
function lastSaveAt(info: ReadonlyMap<string, string>, now: EpochMs): EpochMs | null {
  const savedSeconds = numberOf(info.get('rdb_last_save_time'));
  const uptimeSeconds = numberOf(info.get('uptime_in_seconds'));
  if (savedSeconds === null || uptimeSeconds === null) return null;
  const startedSeconds = Math.floor(now / 1000) - uptimeSeconds;
  return savedSeconds <= startedSeconds + 1 ? null : savedSeconds * 1000;
}

function numberOf(text: string | undefined): number | null {
  const value = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
