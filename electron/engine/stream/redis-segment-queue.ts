/**
 * The Redis Stream behind the port: stream `conversations:autosave`, group `workers`. A lost connection ends the instance:
 * every call rejects with STREAM_UNAVAILABLE, and a new instance is made on a new connection.
 */
import type { Segment } from '../../../shared/segment.ts';
import { EngineError, StreamError } from '../core/errors.ts';
import { failpoint } from '../core/failpoint.ts';
import { decodeSegment, encodeSegment } from './segment-codec.ts';
import type { QueueDepth, QueueEntry, SegmentQueue } from './segment-queue.ts';

/** The few things this stage needs of a Redis connection. */
export interface StreamCommands {
  call(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  pipeline(commands: readonly (readonly (string | number)[])[]): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export const STREAM_KEY = 'conversations:autosave';
export const GROUP = 'workers';

const COUNTED_AT_ONCE = 1000;

export interface RedisSegmentQueueOptions {
  /** For everything that answers at once. */
  readonly commands: StreamCommands;
  /** Does nothing but blocking reads, each within a bound of its own. Cutting it is the only way to end one early. */
  readonly blocking: StreamCommands;
  /** Stable for an installation, so that a restart finds what it had taken. */
  readonly consumer: string;
}

export class RedisSegmentQueue implements SegmentQueue {
  readonly mode = 'redis';
  readonly #commands: StreamCommands;
  readonly #blocking: StreamCommands;
  readonly #consumer: string;

  constructor(options: RedisSegmentQueueOptions) {
    this.#commands = options.commands;
    this.#blocking = options.blocking;
    this.#consumer = options.consumer;
  }

  async open(): Promise<boolean> {
    try {
      await this.#commands.call('XGROUP', 'CREATE', STREAM_KEY, GROUP, '0', 'MKSTREAM');
      return true;
    } catch (error) {
      if (isReply(error, 'BUSYGROUP')) return false;
      throw error;
    }
  }

  async append(segments: readonly Segment[]): Promise<void> {
    if (segments.length === 0) return;
    await this.#commands.pipeline(segments.map((segment) => ['XADD', STREAM_KEY, '*', ...encodeSegment(segment)]));
    failpoint('after-xadd');
  }

  async read(most: number, blockMs: number, signal: AbortSignal): Promise<readonly QueueEntry[]> {
    signal.throwIfAborted();
    const cut = (): void => {
      void this.#blocking.close();
    };
    signal.addEventListener('abort', cut, { once: true });
    try {
      const block = blockMs === 0 ? [] : ['BLOCK', blockMs];
      const reply = await this.#blocking.call(
        'XREADGROUP',
        'GROUP',
        GROUP,
        this.#consumer,
        'COUNT',
        most,
        ...block,
        'STREAMS',
        STREAM_KEY,
        '>',
      );
      const entries = streamEntries(reply);
      if (entries.length > 0) failpoint('after-xreadgroup');
      return entries;
    } catch (error) {
      signal.throwIfAborted();
      // Whatever a read that was given up still gets would be pending, and nobody would know. A refusal ends nothing.
      if (isUnanswered(error)) cut();
      throw error;
    } finally {
      signal.removeEventListener('abort', cut);
    }
  }

  async pendingOf(afterId: string, most: number): Promise<readonly QueueEntry[]> {
    return streamEntries(
      await this.#commands.call(
        'XREADGROUP',
        'GROUP',
        GROUP,
        this.#consumer,
        'COUNT',
        most,
        'STREAMS',
        STREAM_KEY,
        afterId,
      ),
    );
  }

  async claim(minIdleMs: number, most: number): Promise<readonly QueueEntry[]> {
    const reply = await this.#commands.call(
      'XAUTOCLAIM',
      STREAM_KEY,
      GROUP,
      this.#consumer,
      minIdleMs,
      '0-0',
      'COUNT',
      most,
    );
    if (!Array.isArray(reply)) return [];
    // From 7.0 on, entries whose content was trimmed away leave the pending list here: nobody else will tell of them.
    const vanished = Array.isArray(reply[2]) ? reply[2].map(textOf) : [];
    return [
      ...entriesOf(reply[1]),
      ...vanished.filter((id) => id !== null).map((id): QueueEntry => ({ id, segment: null })),
    ];
  }

  async ack(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    failpoint('before-xack');
    await this.#commands.call('XACK', STREAM_KEY, GROUP, ...ids);
    failpoint('after-xack');
  }

  async trim(keep: number): Promise<void> {
    // MAXLEN would drop entries that nobody has seen. The bound is the oldest pending entry, or what was delivered last.
    const bound = await this.#acknowledgedUpTo();
    if (bound === null) return;
    const newest = await this.#commands.call('XREVRANGE', STREAM_KEY, bound, '-', 'COUNT', keep + 1);
    const newestDropped = entriesOf(newest).at(keep)?.id;
    if (newestDropped === undefined) return;
    failpoint('in-trim');
    await this.#commands.call('XTRIM', STREAM_KEY, 'MINID', idAfter(newestDropped));
  }

  async depth(): Promise<QueueDepth> {
    const group = await this.#group();
    const pending = numberOf(group.get('pending'));
    const delivered = textOf(group.get('last-delivered-id')) ?? '0-0';
    const waiting = await this.#countAfter(delivered, group.get('lag'));
    return { depth: pending + waiting, pending };
  }

  async close(): Promise<void> {
    await Promise.all([this.#commands.close(), this.#blocking.close()]);
  }

  async #acknowledgedUpTo(): Promise<string | null> {
    // In this order: what is delivered between the two is above the first bound, whoever takes it.
    const delivered = textOf((await this.#group()).get('last-delivered-id'));
    const pending = await this.#commands.call('XPENDING', STREAM_KEY, GROUP);
    const oldestPending = Array.isArray(pending) ? textOf(pending[1]) : null;
    if (oldestPending === null || delivered === null) return delivered;
    return isBefore(delivered, oldestPending) ? delivered : `(${oldestPending}`;
  }

  async #group(): Promise<ReadonlyMap<string, unknown>> {
    const groups = await this.#groups();
    for (const group of Array.isArray(groups) ? groups : []) {
      const fields = mapOf(group);
      if (fields.get('name') === GROUP) return fields;
    }
    throw new StreamError('STREAM_UNAVAILABLE', 'the queue has lost its consumer group; it is made again', {
      retryable: true,
      context: { replyCode: 'NOGROUP' },
    });
  }

  /** Null when the whole stream is gone, which Redis tells with a plain ERR. */
  async #groups(): Promise<unknown> {
    try {
      return await this.#commands.call('XINFO', 'GROUPS', STREAM_KEY);
    } catch (error) {
      if (isReply(error, 'ERR')) return null;
      throw error;
    }
  }

  /**
   * Counts the entries after one. `lag` would say it at once, but it exists from 7.0 on only, is null after entries were
   * deleted, and is too high for ever after some that nobody had read were trimmed away; so it serves for long backlogs only.
   */
  async #countAfter(id: string, lag: unknown): Promise<number> {
    let count = 0;
    for (let from = `(${id}`; ;) {
      const entries = entriesOf(await this.#commands.call('XRANGE', STREAM_KEY, from, '+', 'COUNT', COUNTED_AT_ONCE));
      count += entries.length;
      const last = entries.at(-1);
      if (entries.length < COUNTED_AT_ONCE || last === undefined) return count;
      if (typeof lag === 'number') return Math.max(count, lag);
      from = `(${last.id}`;
    }
  }
}

function isUnanswered(error: unknown): boolean {
  return error instanceof EngineError && error.context['replyCode'] === null;
}

/** True when Redis refused with that word (`NOGROUP`, `BUSYGROUP`, `OOM` …). */
export function isReply(error: unknown, code: string): boolean {
  return error instanceof EngineError && error.context['replyCode'] === code;
}

/** Reply of XREADGROUP: null, or [[key, [entry …]]], or a map of key to entries (RESP3). */
function streamEntries(reply: unknown): QueueEntry[] {
  if (Array.isArray(reply)) return reply.flatMap((stream) => (Array.isArray(stream) ? entriesOf(stream[1]) : []));
  if (reply instanceof Map) return [...reply.values()].flatMap((entries) => entriesOf(entries));
  return [];
}

/** Entries are [id, [field, value …]]; the second is null when the content was trimmed away. */
function entriesOf(reply: unknown): QueueEntry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry: unknown): QueueEntry[] => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return [];
    const fields: unknown = entry[1];
    const texts = Array.isArray(fields) ? fields.filter((field): field is string => typeof field === 'string') : [];
    return [{ id: entry[0], segment: decodeSegment(texts) }];
  });
}

/** Ids are `<ms>-<sequence>`, each of 64 bits. */
function partsOf(id: string): readonly [bigint, bigint] {
  const [ms = '0', sequence = '0'] = id.split('-');
  return [BigInt(ms), BigInt(sequence)];
}

function idAfter(id: string): string {
  const [ms, sequence] = partsOf(id);
  return `${ms}-${sequence + 1n}`;
}

function isBefore(one: string, other: string): boolean {
  const [[ms, sequence], [otherMs, otherSequence]] = [partsOf(one), partsOf(other)];
  return ms === otherMs ? sequence < otherSequence : ms < otherMs;
}

function mapOf(reply: unknown): ReadonlyMap<string, unknown> {
  if (reply instanceof Map) return new Map([...reply].map(([name, value]) => [String(name), value as unknown]));
  const fields = new Map<string, unknown>();
  if (Array.isArray(reply)) {
    for (let i = 0; i + 1 < reply.length; i += 2) fields.set(String(reply[i]), reply[i + 1] as unknown);
    return fields;
  }
  if (reply !== null && typeof reply === 'object') return new Map(Object.entries(reply));
  return fields;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number(value ?? 0);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
