/** Damage to what Redis keeps on disk, while it does not run; and harm to the stream, while it does. */
import { closeSync, openSync, readSync, readdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { GROUP, STREAM } from '../../support/redis-server.ts';
import type { FaultKind } from './fault-plan.ts';
import type { ServerAddress } from './server-address.ts';

type Damage = (folder: string, draw: number) => void;

const GARBAGE_BYTES = 64;
const MOST_CUT_BYTES = 20_000;
const REFUSALS = ['NOPERM', 'NOAUTH', 'WRONGPASS'];

/** @param draw 0 ≤ x < 1: where, how much */
const DAMAGES: Partial<Readonly<Record<FaultKind, Damage>>> = {
  'aof-cut': (folder, draw) => {
    const log = logOf(folder);
    if (log !== null) truncateSync(log.file, Math.max(0, log.size - 1 - Math.floor(draw * MOST_CUT_BYTES)));
  },
  'aof-garbage': (folder, draw) => {
    overwrite(folder, draw, (bytes) => bytes.fill(0xa5), GARBAGE_BYTES);
  },
  'aof-flip': (folder, draw) => {
    overwrite(folder, draw, (bytes) => bytes.writeUInt8(bytes.readUInt8(0) ^ (1 << Math.floor(draw * 8)), 0), 1);
  },
  'aof-wipe': (folder) => {
    rmSync(folder, { recursive: true, force: true });
  },
  'aof-manifest': (folder) => {
    for (const name of namesIn(folder)) if (name.endsWith('.manifest')) rmSync(path.join(folder, name));
  },
};

/** Null for a fault that is none of the disk. */
export function damageOf(kind: FaultKind): ((home: string, draw: number) => void) | null {
  const damage = DAMAGES[kind];
  return damage === undefined ? null : (home, draw) => damage(path.join(home, 'redis', 'data', 'appendonlydir'), draw);
}

/** @returns false when the server was not there to be asked */
export async function harmStream(kind: FaultKind, address: ServerAddress): Promise<boolean> {
  const redis = new Redis({
    ...address,
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 1000,
    commandTimeout: 2000,
  });
  // Told by the command that fails.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await harm(redis, kind);
    return true;
  } catch (error) {
    // A refusal is a mistake of the harness; a server that is away is a fault that was before this one.
    if (REFUSALS.some((word) => String(error).includes(word))) throw error;
    return false;
  } finally {
    redis.disconnect();
  }
}

async function harm(redis: Redis, kind: FaultKind): Promise<void> {
  switch (kind) {
    case 'flushall':
      await redis.flushall();
      return;
    case 'stream-trim':
      await redis.xtrim(STREAM, 'MAXLEN', 0);
      return;
    case 'group-destroy':
      await redis.xgroup('DESTROY', STREAM, GROUP);
      return;
    default:
      throw new Error(`${kind} is no harm to a stream`);
  }
}

function overwrite(folder: string, draw: number, change: (bytes: Buffer) => void, length: number): void {
  const log = logOf(folder);
  if (log === null || log.size < length) return;
  const at = Math.floor(draw * (log.size - length));
  const fd = openSync(log.file, 'r+');
  const bytes = Buffer.alloc(length);
  readSync(fd, bytes, 0, length, at);
  change(bytes);
  writeSync(fd, bytes, 0, length, at);
  closeSync(fd);
}

/** The newest file that is appended to; null when there is none. */
function logOf(folder: string): { readonly file: string; readonly size: number } | null {
  const name = namesIn(folder)
    .filter((one) => one.endsWith('.incr.aof'))
    .at(-1);
  if (name === undefined) return null;
  const file = path.join(folder, name);
  return { file, size: statSync(file).size };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
