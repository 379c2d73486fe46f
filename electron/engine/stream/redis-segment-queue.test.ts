import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { StreamConnection } from '../redis/redis-client.ts';
import { GROUP, STREAM_KEY, RedisSegmentQueue } from './redis-segment-queue.ts';
import { PlainRedis } from './test-support/plain-redis.ts';
import { segmentAt, segmentsFrom } from './test-support/segments.ts';

const NEVER = new AbortController().signal;
const LONG_MS = 20_000;
const NO_GROUP = { code: 'STREAM_UNAVAILABLE', retryable: true, context: { replyCode: 'NOGROUP' } };

async function opened(redis: PlainRedis): Promise<RedisSegmentQueue> {
  const queue = await redis.queue();
  await queue.open();
  return queue;
}

/** Takes entries and acknowledges them. */
async function done(queue: RedisSegmentQueue, count: number): Promise<void> {
  const entries = await queue.read(count, 0, NEVER);
  await queue.ack(entries.map((entry) => entry.id));
}

describe('RedisSegmentQueue', () => {
  it('gives a damaged entry without its segment, between whole ones', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];
    await queue.append([segmentAt(0)]);
    await admin.call('XADD', STREAM_KEY, '*', 'v', '1', 'path', 'a/b/c', 'kind', 'lines', 'start', '-5');
    await admin.call('XADD', STREAM_KEY, '*', 'rubbish', Buffer.from([0xff, 0x00, 0xfe]));
    await queue.append([segmentAt(1)]);

    const entries = await queue.read(10, 0, NEVER);

    expect(entries.map((entry) => entry.segment)).toEqual([segmentAt(0), null, null, segmentAt(1)]);
  });

  it('keeps exactly the newest acknowledged entries when it is trimmed', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];
    await queue.append(segmentsFrom(0, 20));
    await done(queue, 12);

    await queue.trim(30);
    const generous = await admin.call('XLEN', STREAM_KEY);
    await queue.trim(5);
    const some = await admin.call('XLEN', STREAM_KEY);
    await queue.trim(0);
    const none = await admin.call('XLEN', STREAM_KEY);

    expect([generous, some, none]).toEqual([20, 8 + 5, 8]);
    expect(await queue.depth()).toEqual({ depth: 8, pending: 0 });
  });

  it('drops nothing that another consumer takes while it trims', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];
    await queue.append(segmentsFrom(0, 6));
    await done(queue, 2);
    const trimming = await redis.connect();
    const other = await redis.queue('worker-2');
    // Between the two questions that a trim asks, somebody takes what was not delivered before.
    const slow = new RedisSegmentQueue({
      commands: {
        call: async (command, ...args) => {
          const reply = await trimming.call(command, ...args);
          if (command === 'XINFO' || command === 'XPENDING') await other.read(2, 0, NEVER);
          return reply;
        },
        pipeline: (commands) => trimming.pipeline(commands),
        close: () => trimming.close(),
      },
      blocking: trimming,
      consumer: 'worker-1',
    });

    await slow.trim(0);

    expect(await admin.call('XLEN', STREAM_KEY)).toBe(4);
    expect((await other.pendingOf('0', 10)).map((entry) => entry.segment?.start)).toEqual([200, 300, 400, 500]);
  });

  it('tells of entries whose content was trimmed away under a consumer', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];
    await queue.append(segmentsFrom(0, 3));
    await queue.read(2, 0, NEVER);

    await admin.call('XTRIM', STREAM_KEY, 'MAXLEN', 1);

    expect((await queue.pendingOf('0', 10)).map((entry) => entry.segment)).toEqual([null, null]);
    expect(await queue.depth()).toEqual({ depth: 3, pending: 2 });
  });

  it('tells of entries whose content was trimmed away when it takes them over', async () => {
    await using redis = await PlainRedis.start();
    const [dead, queue, admin] = [await opened(redis), await redis.queue('worker-2'), await redis.connect()];
    await dead.append(segmentsFrom(0, 3));
    await dead.read(3, 0, NEVER);
    await admin.call('XTRIM', STREAM_KEY, 'MAXLEN', 1);

    const claimed = await queue.claim(0, 10);

    expect(claimed.map((entry) => entry.segment?.start ?? null).sort()).toEqual([200, null, null]);
    expect(new Set(claimed.map((entry) => entry.id)).size).toBe(3);
  });

  it('counts nothing as waiting when undelivered entries were trimmed away', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];
    await queue.append(segmentsFrom(0, 5));
    await done(queue, 1);

    await admin.call('XTRIM', STREAM_KEY, 'MAXLEN', 0);
    const empty = await queue.depth();
    await queue.append([segmentAt(5)]);

    expect(empty).toEqual({ depth: 0, pending: 0 });
    expect(await queue.depth()).toEqual({ depth: 1, pending: 0 });
  });

  it('counts what waits exactly when entries in the middle were deleted', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];
    await queue.append(segmentsFrom(0, 5));
    const [, second] = (await admin.call('XRANGE', STREAM_KEY, '-', '+')) as [string, unknown][];
    await queue.read(1, 0, NEVER);

    await admin.call('XDEL', STREAM_KEY, second?.[0] ?? '');

    expect(await queue.depth()).toEqual({ depth: 4, pending: 1 });
  });

  it('counts a long backlog', async () => {
    await using redis = await PlainRedis.start();
    const queue = await opened(redis);
    await queue.append(segmentsFrom(0, 2500));

    await queue.read(100, 0, NEVER);

    expect(await queue.depth()).toEqual({ depth: 2500, pending: 100 });
  });

  const losses: readonly (readonly [string, readonly string[]])[] = [
    ['its group was destroyed', ['XGROUP', 'DESTROY', STREAM_KEY, GROUP]],
    ['everything was flushed', ['FLUSHALL']],
  ];
  for (const [what, [command = '', ...args]] of losses) {
    it(`reports NOGROUP from every method after ${what}`, async () => {
      await using redis = await PlainRedis.start();
      const [queue, admin] = [await opened(redis), await redis.connect()];
      await queue.append(segmentsFrom(0, 2));

      await admin.call(command, ...args);

      await expect(queue.read(10, 0, NEVER)).rejects.toMatchObject(NO_GROUP);
      await expect(queue.pendingOf('0', 10)).rejects.toMatchObject(NO_GROUP);
      await expect(queue.claim(0, 10)).rejects.toMatchObject(NO_GROUP);
      await expect(queue.depth()).rejects.toMatchObject(NO_GROUP);
      await expect(queue.trim(10)).rejects.toMatchObject(NO_GROUP);
    });

    it(`is made again after ${what}, and says that it was`, async () => {
      await using redis = await PlainRedis.start();
      const [queue, admin] = [await opened(redis), await redis.connect()];
      await queue.append([segmentAt(0)]);
      await admin.call(command, ...args);

      // Entries that come before the group is there again are delivered as well.
      await queue.append([segmentAt(1)]);
      const isNew = await queue.open();

      expect(isNew).toBe(true);
      const starts = (await queue.read(10, 0, NEVER)).map((entry) => entry.segment?.start);
      expect(starts.at(-1)).toBe(100);
    });
  }

  it('reports NOGROUP from a read that waits while the group is destroyed', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];

    const reading = queue.read(10, LONG_MS, NEVER);
    reading.catch(() => undefined);
    await untilBlocked(redis);
    await admin.call('XGROUP', 'DESTROY', STREAM_KEY, GROUP);

    await expect(reading).rejects.toMatchObject(NO_GROUP);
  });

  it('rejects a waiting read when the server ends its connection', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];

    const reading = queue.read(10, LONG_MS, NEVER);
    reading.catch(() => undefined);
    await untilBlocked(redis);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

    await expect(reading).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE', retryable: true });
  });

  it('ends its connection when a read is not answered in time, so that no entry goes where nobody listens', async () => {
    await using redis = await PlainRedis.start();
    const blocking = await redis.connect(200);
    const queue = new RedisSegmentQueue({ commands: await redis.connect(), blocking, consumer: 'worker-1' });
    await queue.open();
    const closed = once(AbortSignal.any([AbortSignal.timeout(LONG_MS), endOf(blocking)]), 'abort');

    // As long as a server holds it whose clock was set back.
    await expect(queue.read(1, LONG_MS, NEVER)).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE', retryable: true });

    await closed;
    await queue.append([segmentAt(0)]);
    expect(await queue.depth()).toEqual({ depth: 1, pending: 0 });
  });

  it('rejects everything with STREAM_UNAVAILABLE once it is closed', async () => {
    await using redis = await PlainRedis.start();
    const queue = await opened(redis);
    const closed = { code: 'STREAM_UNAVAILABLE', retryable: true, context: { replyCode: null } };

    await queue.close();
    await queue.close();

    await expect(queue.open()).rejects.toMatchObject(closed);
    await expect(queue.append([segmentAt(0)])).rejects.toMatchObject(closed);
    await expect(queue.read(10, LONG_MS, NEVER)).rejects.toMatchObject(closed);
    await expect(queue.pendingOf('0', 10)).rejects.toMatchObject(closed);
    await expect(queue.claim(0, 10)).rejects.toMatchObject(closed);
    await expect(queue.ack(['1-1'])).rejects.toMatchObject(closed);
    await expect(queue.trim(10)).rejects.toMatchObject(closed);
    await expect(queue.depth()).rejects.toMatchObject(closed);
  });

  it('refuses to append while the memory is full, and goes on afterwards', async () => {
    await using redis = await PlainRedis.start();
    const [queue, admin] = [await opened(redis), await redis.connect()];
    await queue.append([segmentAt(0)]);

    await admin.call('CONFIG', 'SET', 'maxmemory', '1');
    const refused = queue.append([segmentAt(1)]);

    await expect(refused).rejects.toMatchObject({ retryable: true, context: { replyCode: 'OOM' } });
    expect((await queue.read(10, 0, NEVER)).map((entry) => entry.segment?.start)).toEqual([0]);
    await admin.call('CONFIG', 'SET', 'maxmemory', '0');
    await queue.append([segmentAt(1)]);
    expect((await queue.read(10, 0, NEVER)).map((entry) => entry.segment?.start)).toEqual([100]);
  });
});

function endOf(connection: StreamConnection): AbortSignal {
  const ended = new AbortController();
  connection.onClose(() => {
    ended.abort();
  });
  return ended.signal;
}

/** Until the server knows of a client that waits. */
async function untilBlocked(redis: PlainRedis): Promise<void> {
  const connection = await redis.connect();
  for (;;) {
    const info = await connection.call('INFO', 'clients');
    if (typeof info === 'string' && info.includes('blocked_clients:1')) return;
    await turn();
  }
}
