import { describe, expect, it } from 'vitest';
import { freeLoopbackPort } from './free-port.ts';
import { connectRedis } from './redis-client.ts';
import { RedisTestBed, untilReady } from './test-support/redis-test-bed.ts';

const STREAM = 'conversations:autosave';

describe('connectRedis', () => {
  it('tells when nobody listens', async () => {
    const port = await freeLoopbackPort();
    const nowhere = {
      kind: 'tcp',
      host: '127.0.0.1',
      port,
      tls: false,
      username: null,
      password: null,
      database: 0,
    } as const;

    await expect(connectRedis(nowhere, { name: 'test' })).rejects.toMatchObject({
      code: 'STREAM_UNAVAILABLE',
      retryable: true,
      context: { replyCode: null, systemCode: 'ECONNREFUSED' },
    });
  });

  it('gives up on a server that takes the connection and says nothing', async () => {
    await using bed = await RedisTestBed.create();
    const { endpoint } = await untilReady(await bed.started({ timings: { pingEveryMs: 60_000 } }));
    const { pid } = await bed.record();
    process.kill(pid, 'SIGSTOP');

    const connecting = connectRedis(endpoint, { name: 'test', connectTimeoutMs: 100, commandTimeoutMs: null });

    await expect(connecting).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE', context: { replyCode: null } });
    process.kill(pid, 'SIGCONT');
  });

  it('keeps what Redis answers to a command that it refuses', async () => {
    await using bed = await RedisTestBed.create();
    const connection = await bed.connect(await bed.started());
    await connection.call('XGROUP', 'CREATE', STREAM, 'workers', '0', 'MKSTREAM');

    const again = connection.call('XGROUP', 'CREATE', STREAM, 'workers', '0', 'MKSTREAM');
    const unknown = connection.call('XREADGROUP', 'GROUP', 'nobody', 'me', 'STREAMS', STREAM, '>');
    const malformed = connection.call('XADD', STREAM);

    await expect(again).rejects.toMatchObject({ retryable: false, context: { replyCode: 'BUSYGROUP' } });
    await expect(unknown).rejects.toMatchObject({ retryable: true, context: { replyCode: 'NOGROUP' } });
    await expect(malformed).rejects.toMatchObject({ retryable: false, context: { replyCode: 'ERR' } });
    await expect(connection.call('PING')).resolves.toBe('PONG');
  });

  it('answers several commands in their order, text and bytes alike', async () => {
    await using bed = await RedisTestBed.create();
    const connection = await bed.connect(await bed.started());

    const replies = await connection.pipeline([
      ['XADD', STREAM, '1-1', 'a', 'ü'],
      ['XADD', STREAM, '2-1', 'a', Buffer.from('b')],
      ['XLEN', STREAM],
      ['XRANGE', STREAM, '-', '+'],
    ]);

    expect(replies).toEqual([
      '1-1',
      '2-1',
      2,
      [
        ['1-1', ['a', 'ü']],
        ['2-1', ['a', 'b']],
      ],
    ]);
    await expect(connection.pipeline([])).resolves.toEqual([]);
  });

  it('rejects several commands with the first error among them, and has done the others', async () => {
    await using bed = await RedisTestBed.create();
    const connection = await bed.connect(await bed.started());

    const sending = connection.pipeline([
      ['XADD', STREAM, '5-1', 'a', 'b'],
      ['XADD', STREAM, '4-1', 'a', 'b'],
      ['FLUSHALL'],
    ]);

    await expect(sending).rejects.toMatchObject({ context: { replyCode: 'ERR' } });
    await expect(connection.call('XLEN', STREAM)).resolves.toBe(1);
  });

  it('ends a blocking read when it is closed', async () => {
    await using bed = await RedisTestBed.create();
    const { endpoint } = await untilReady(await bed.started());
    const connection = await connectRedis(endpoint, { name: 'test', commandTimeoutMs: null });
    const reading = connection.call('XREAD', 'BLOCK', 0, 'STREAMS', STREAM, '$');
    const closes: string[] = [];
    connection.onClose(() => closes.push('closed'));

    await Promise.all([expect(reading).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE' }), connection.close()]);
    await connection.close();

    expect(closes).toEqual(['closed']);
    connection.onClose(() => closes.push('told at once'));
    expect(closes).toEqual(['closed', 'told at once']);
    await expect(connection.call('PING')).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE', retryable: true });
  });

  it('ends a blocking read of a server that does not answer any more', async () => {
    await using bed = await RedisTestBed.create();
    const { endpoint } = await untilReady(await bed.started({ timings: { pingEveryMs: 60_000 } }));
    const connection = await connectRedis(endpoint, { name: 'test', commandTimeoutMs: null });
    const { pid } = await bed.record();
    process.kill(pid, 'SIGSTOP');
    const reading = connection.call('XREAD', 'BLOCK', 0, 'STREAMS', STREAM, '$');

    await Promise.all([expect(reading).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE' }), connection.close()]);

    process.kill(pid, 'SIGCONT');
  });

  it('does not wait for ever for an answer', async () => {
    await using bed = await RedisTestBed.create();
    const { endpoint } = await untilReady(await bed.started({ timings: { pingEveryMs: 60_000 } }));
    const connection = await connectRedis(endpoint, { name: 'test', commandTimeoutMs: 50 });
    const { pid } = await bed.record();
    process.kill(pid, 'SIGSTOP');

    const calling = connection.call('XLEN', STREAM);

    await expect(calling).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE', context: { replyCode: null } });
    process.kill(pid, 'SIGCONT');
    await connection.close();
  });

  it('tells when the server goes away, and does not come back by itself', async () => {
    await using bed = await RedisTestBed.create();
    const supervisor = await bed.started();
    const { runId } = await untilReady(supervisor);
    const connection = await bed.connect(supervisor);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    connection.onClose(() => {
      resolve(undefined);
    });

    process.kill((await bed.record()).pid, 'SIGKILL');
    await promise;
    await untilReady(supervisor, runId);

    await expect(connection.call('PING')).rejects.toMatchObject({ code: 'STREAM_UNAVAILABLE' });
  });
});
