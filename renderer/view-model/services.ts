/** Rows of the Services panel: each a lamp, a name and a measured figure. */
import type { LampState, StatusSnapshot } from '../../shared/status.ts';
import { texts } from '../texts/en.ts';
import { NO_FIGURE, formatBytes, formatCount } from './format.ts';
import type { Freshness } from './freshness.ts';
import { lampOf } from './stages.ts';

export interface ServiceView {
  readonly name: string;
  readonly lamp: LampState;
  readonly value: string;
}

const WAL_WARNING_BYTES = 128 * 1024 * 1024;

export function serviceViews(snapshot: StatusSnapshot, freshness: Freshness): readonly ServiceView[] {
  const { queue, store, archive, disk } = snapshot;
  const isBypassed = queue.mode === 'bypass';
  const rows: readonly ServiceView[] = [
    {
      name: texts.services.redis,
      lamp: redisLamp(queue),
      value: isBypassed ? texts.services.redisBypassed : formatBytes(queue.server.memoryBytes),
    },
    aofRow(isBypassed ? null : queue.server.aof),
    { name: texts.services.sqlite, lamp: lampOf(store.health, freshness), value: formatBytes(store.sizeBytes) },
    {
      name: texts.services.wal,
      lamp: store.walBytes > WAL_WARNING_BYTES ? 'warn' : 'ok',
      value: formatBytes(store.walBytes),
    },
    { name: texts.services.archive, lamp: lampOf(archive.health, freshness), value: formatBytes(archive.bytes) },
    { name: texts.services.disk, lamp: diskLamp(disk), value: formatBytes(disk.freeBytes) },
    {
      name: texts.services.captureGap,
      lamp: snapshot.captureGap === null ? 'unknown' : snapshot.captureGap > 0 ? 'warn' : 'ok',
      value: formatCount(snapshot.captureGap),
    },
  ];
  const isBlind = freshness === 'lost' || freshness === 'waiting';
  return isBlind ? rows.map((row) => ({ ...row, lamp: 'unknown' })) : rows;
}

/** A backlog is not the fault of Redis: only what the queue says about Redis itself counts here. */
function redisLamp(queue: StatusSnapshot['queue']): LampState {
  const { reason } = queue.health;
  if (reason === 'REDIS_FAILED') return 'error';
  if (reason === 'REDIS_RESTARTING' || reason === 'REDIS_BYPASSED' || queue.mode === 'bypass') return 'warn';
  return queue.server.version === null ? 'unknown' : 'ok';
}

function aofRow(aof: StatusSnapshot['queue']['server']['aof']): ServiceView {
  const name = texts.services.aof;
  if (aof === null) return { name, lamp: 'off', value: NO_FIGURE };
  const lamp = ({ ok: 'ok', off: 'warn', error: 'error' } as const)[aof];
  return { name, lamp, value: texts.services.aofStates[aof] };
}

function diskLamp({ level, freeBytes }: StatusSnapshot['disk']): LampState {
  if (freeBytes === null) return 'unknown';
  return ({ ok: 'ok', low: 'warn', held: 'error' } as const)[level];
}
