/**
 * Decides which queue is in use, from what the supervisor of Redis says: the Redis Stream while Redis is ready, the bypass
 * when it cannot run, none for the moments in which it comes back.
 */
import type { Clock } from './core/clock.ts';
import { describeError } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import type { Service } from './core/service.ts';
import { connectRedis, type StreamConnection } from './redis/redis-client.ts';
import type { RedisState } from './redis/redis-state.ts';
import type { RedisSupervisor } from './redis/redis-supervisor.ts';
import { BypassSegmentQueue } from './stream/bypass-segment-queue.ts';
import type { QueueSwitch } from './stream/queue-switch.ts';
import { RedisSegmentQueue } from './stream/redis-segment-queue.ts';
import type { SegmentQueue } from './stream/segment-queue.ts';

export interface QueueFeedOptions {
  readonly supervisor: RedisSupervisor;
  readonly queues: QueueSwitch;
  readonly consumer: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RECONNECT_MS = 1000;
/** Three times as long as a read waits. A server whose clock was set back would hold it until its clock has caught up. */
const READ_ANSWERED_WITHIN_MS = 15_000;

export class QueueFeed implements Service {
  readonly name = 'queue-feed';
  readonly #options: QueueFeedOptions;
  readonly #bypass: BypassSegmentQueue;
  readonly #stop = new AbortController();
  #listening: Disposable | null = null;
  #redisQueue: SegmentQueue | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(options: QueueFeedOptions) {
    this.#options = options;
    this.#bypass = new BypassSegmentQueue(() => options.clock.monotonic());
  }

  async start(): Promise<void> {
    const { supervisor } = this.#options;
    this.#listening = supervisor.onState((state) => {
      this.#follow(state);
    });
    this.#follow(supervisor.state);
    await this.#work;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#listening?.[Symbol.dispose]();
    await this.#work;
    this.#options.queues.use(null);
    await this.#closeRedisQueue();
  }

  /** One change after the other: a state that comes while a connection is made is seen afterwards. */
  #follow(state: RedisState): void {
    this.#work = this.#work.then(() => this.#apply(state));
  }

  async #apply(state: RedisState): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { queues } = this.#options;
    if (state.kind === 'ready') {
      await this.#connect(state);
      return;
    }
    queues.use(state.kind === 'failed' || state.kind === 'missing' ? this.#bypass : null);
    await this.#closeRedisQueue();
  }

  async #connect(state: RedisState & { readonly kind: 'ready' }): Promise<void> {
    const { queues, logger, consumer } = this.#options;
    const connections: StreamConnection[] = [];
    try {
      const commands = await connectRedis(state.endpoint, { name: 'holdfast-commands' });
      connections.push(commands);
      const blocking = await connectRedis(state.endpoint, {
        name: 'holdfast-consumer',
        commandTimeoutMs: READ_ANSWERED_WITHIN_MS,
      });
      connections.push(blocking);
      const queue = new RedisSegmentQueue({ commands, blocking, consumer });
      await queue.open();
      await this.#closeRedisQueue();
      this.#redisQueue = queue;
      for (const connection of connections) connection.onClose(() => this.#lost(queue));
      queues.use(queue);
    } catch (error) {
      logger.warn('connecting to the queue failed', { error: describeError(error) });
      for (const connection of connections) await connection.close();
      queues.use(null);
      this.#again();
    }
  }

  /** A connection ended although the server may be well: make new ones unless the supervisor says otherwise first. */
  #lost(queue: SegmentQueue): void {
    if (this.#redisQueue !== queue || this.#stop.signal.aborted) return;
    this.#redisQueue = null;
    if (this.#options.queues.current === queue) this.#options.queues.use(null);
    void queue.close();
    this.#again();
  }

  #again(): void {
    const { clock, supervisor } = this.#options;
    void clock.sleep(RECONNECT_MS, this.#stop.signal).then(
      () => {
        if (supervisor.state.kind === 'ready' && this.#redisQueue === null) this.#follow(supervisor.state);
      },
      () => undefined, // Stopped meanwhile.
    );
  }

  async #closeRedisQueue(): Promise<void> {
    const queue = this.#redisQueue;
    this.#redisQueue = null;
    await queue?.close();
  }
}
