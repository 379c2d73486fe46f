import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { StoreError } from './errors.ts';
import { RpcClient, serve } from './rpc.ts';

interface Calls extends Record<string, (...args: never[]) => unknown> {
  add(one: number, other: number): number;
  slow(name: string): string;
  fail(): void;
  burst(): void;
  report(): string;
  unclonable(): unknown;
  absent(): void;
}

/** Two ends as two threads have them. */
function newBed(events: string[] = []) {
  const { port1, port2 } = new MessageChannel();
  serve(port2, {
    add: ([one, other]) => Number(one) + Number(other),
    slow: async ([name]) => {
      events.push(`begin ${String(name)}`);
      await new Promise(setImmediate);
      events.push(`end ${String(name)}`);
      return String(name);
    },
    fail: () => {
      throw new StoreError('STORE_FULL', 'the disk is full', { retryable: true });
    },
    burst: () => {
      throw new TypeError('x is not a function');
    },
    report: (_args, note) => {
      note({ done: 1 });
      note({ done: 2 });
      return 'done';
    },
    unclonable: () => () => 'functions cannot cross',
  });
  const client = new RpcClient<Calls>(port1);
  return {
    client,
    [Symbol.dispose]: () => {
      port1.close();
    },
  };
}

describe('RpcClient', () => {
  it('gets the result of each call, whatever the order of the answers', async () => {
    using bed = newBed();

    const results = await Promise.all([bed.client.call('add', [1, 2]), bed.client.call('add', [3, 4])]);

    expect(results).toEqual([3, 7]);
  });

  it('is answered one call after the other', async () => {
    const events: string[] = [];
    using bed = newBed(events);

    await Promise.all([bed.client.call('slow', ['a']), bed.client.call('slow', ['b'])]);

    expect(events).toEqual(['begin a', 'end a', 'begin b', 'end b']);
  });

  it('gets errors with their code', async () => {
    using bed = newBed();

    await expect(bed.client.call('fail', [])).rejects.toMatchObject({ code: 'STORE_FULL', retryable: true });
    await expect(bed.client.call('burst', [])).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'x is not a function',
    });
    await expect(bed.client.call('absent', [])).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(bed.client.call('add', [1, 1])).resolves.toBe(2);
  });

  it('is told of progress before the result', async () => {
    using bed = newBed();
    const notes: unknown[] = [];

    const result = await bed.client.call('report', [], (note) => notes.push(note));

    expect(result).toBe('done');
    expect(notes).toEqual([{ done: 1 }, { done: 2 }]);
  });

  it('does not wait for ever for a result that cannot be sent, nor for the calls behind it', async () => {
    using bed = newBed();

    const unclonable = bed.client.call('unclonable', []);
    const next = bed.client.call('add', [1, 2]);

    await expect(unclonable).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(next).resolves.toBe(3);
  });

  it('rejects a call whose arguments cannot be sent', async () => {
    using bed = newBed();
    const text = (() => 'not a number') as unknown as number;

    await expect(bed.client.call('add', [1, text])).rejects.toThrow(/could not be cloned/);
    await expect(bed.client.call('add', [1, 2])).resolves.toBe(3);
  });

  it('rejects open and later calls when the other thread is gone', async () => {
    using bed = newBed();
    const open = [bed.client.call('slow', ['a']), bed.client.call('slow', ['b'])];

    bed.client.close(new StoreError('STORE_FAILED', 'gone', { retryable: true }));

    for (const call of [...open, bed.client.call('add', [1, 2])]) {
      await expect(call).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: true });
    }
  });
});
