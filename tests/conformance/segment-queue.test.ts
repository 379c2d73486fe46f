import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, type StreamConnection } from '../../electron/engine/redis/redis-client.ts';
import { RedisTestBed, untilReady } from '../../electron/engine/redis/test-support/redis-test-bed.ts';
import { BypassSegmentQueue } from '../../electron/engine/stream/bypass-segment-queue.ts';
import { RedisSegmentQueue } from '../../electron/engine/stream/redis-segment-queue.ts';
import { ManualClock } from '../../electron/engine/core/test-support/manual-clock.ts';
import { IoSteps } from '../model/io-steps.ts';
import { MemoryConnection } from '../model/memory-connection.ts';
import { MemoryRedis } from '../model/memory-redis.ts';
import { describeSegmentQueue, type QueuePlace } from './segment-queue.ts';

/** Lives in the memory of the program: what is made again is the consumer, not the queue. */
function bypassPlace(): Promise<QueuePlace> {
  let now = 0;
  const queue = new BypassSegmentQueue(() => now);
  return Promise.resolve({
    connect: () => Promise.resolve(queue),
    pass: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => queue.close(),
  });
}

/** On the server, and with the rights, that the program has in use. */
async function redisPlace(): Promise<QueuePlace> {
  const bed = await RedisTestBed.create();
  const { endpoint } = await untilReady(await bed.started());
  const connections: StreamConnection[] = [];
  const connect = async (): Promise<StreamConnection> => {
    const connection = await connectRedis(endpoint, { name: 'test', commandTimeoutMs: null });
    connections.push(connection);
    return connection;
  };
  return {
    connect: async () =>
      new RedisSegmentQueue({ commands: await connect(), blocking: await connect(), consumer: 'worker-1' }),
    // The server counts idle time by its own clock; nothing but waiting makes an entry idle.
    pass: (ms) => sleep(ms),
    [Symbol.asyncDispose]: async () => {
      for (const connection of connections) await connection.close();
      await bed[Symbol.asyncDispose]();
    },
  };
}

/** What the model of the recorder runs on: it must not promise more, or less, than a real server. */
function memoryPlace(): Promise<QueuePlace> {
  const clock = new ManualClock();
  const io = new IoSteps();
  const server = new MemoryRedis(() => clock.monotonic());
  const pump = setInterval(() => {
    clock.advance(1);
    void io.step(0);
  }, 0);
  const connect = (): StreamConnection => new MemoryConnection({ server, io, clock });
  return Promise.resolve({
    connect: () =>
      Promise.resolve(new RedisSegmentQueue({ commands: connect(), blocking: connect(), consumer: 'worker-1' })),
    pass: (ms) => {
      clock.advance(ms);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => {
      clearInterval(pump);
      return Promise.resolve();
    },
  });
}

describeSegmentQueue('BypassSegmentQueue', bypassPlace);
describeSegmentQueue('RedisSegmentQueue', redisPlace);
describeSegmentQueue('RedisSegmentQueue on the Redis of the model', memoryPlace);
