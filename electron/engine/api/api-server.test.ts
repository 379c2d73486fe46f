import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Handlers } from '../../../shared/ipc.ts';
import { systemClock } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { EngineError } from '../core/errors.ts';
import { helloProof } from '../core/hello-proof.ts';
import { silentLogger } from '../core/logger.ts';
import { ApiServer } from './api-server.ts';
import { FakeEngine, healthOf, jobOf, snapshotOf } from './test-support/fake-engine.ts';

const TOKEN = '0f'.repeat(32);

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly body?: string;
  /** Replaces the usual headers one by one; undefined leaves one out. */
  readonly headers?: OutgoingHttpHeaders;
}

describe('ApiServer', () => {
  let root = '';
  let rendererDirectory = '';
  let running: ApiServer[] = [];
  let sockets: Socket[] = [];

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'holdfast-api-'));
    rendererDirectory = path.join(root, 'renderer');
    await mkdir(rendererDirectory);
    await writeFile(path.join(rendererDirectory, 'index.html'), '<!doctype html><title>Holdfast</title>');
    await writeFile(path.join(root, 'secret'), 'secret');
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    for (const server of running) await server.stop();
    sockets = [];
    running = [];
    await rm(root, { recursive: true, force: true });
  });

  interface Changes {
    readonly port?: number;
    readonly withWindow?: boolean;
    readonly clock?: Clock;
  }

  function build(engine: FakeEngine, changes: Changes = {}): ApiServer {
    const server = new ApiServer({
      engine,
      token: TOKEN,
      port: changes.port ?? 0,
      rendererDirectory: changes.withWindow === false ? null : rendererDirectory,
      version: '0.1.0',
      clock: changes.clock ?? systemClock,
      logger: silentLogger,
    });
    running.push(server);
    return server;
  }

  async function start(engine: FakeEngine = new FakeEngine(), changes: Changes = {}): Promise<ApiServer> {
    const server = build(engine, changes);
    await server.start(AbortSignal.timeout(10_000));
    return server;
  }

  const portOf = (server: ApiServer) => Number(new URL(server.url ?? '').port);

  // Not fetch(): it rewrites paths with dots and does not let Host be chosen.
  async function ask(server: ApiServer, target: string, asked: Asked = {}): Promise<Reply> {
    const headers: OutgoingHttpHeaders = { authorization: `Bearer ${TOKEN}`, ...asked.headers };
    if (asked.body !== undefined) headers['content-type'] ??= 'application/json';
    const sent = request({
      host: '127.0.0.1',
      port: portOf(server),
      path: target,
      method: asked.method ?? 'GET',
      agent: false,
      headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)),
    });
    sent.end(asked.body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
  }

  const call = (server: ApiServer, topic: string, args: unknown, headers: OutgoingHttpHeaders = {}) =>
    ask(server, `/api/call/${topic}`, { method: 'POST', body: JSON.stringify(args), headers });
  const jsonOf = (reply: Reply): unknown => JSON.parse(reply.text);

  interface Conversation {
    readonly socket: Socket;
    /** What has come, as soon as it is enough. */
    readonly until: (isEnough: (text: string) => boolean) => Promise<string>;
  }

  /** A bare connection, for what an HTTP client would not do. */
  function converse(server: ApiServer, lines: readonly string[]): Conversation {
    const port = portOf(server);
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      text += piece;
    });
    const usual = [`Host: 127.0.0.1:${String(port)}`, `Authorization: Bearer ${TOKEN}`];
    socket.write([...lines, ...usual, '', ''].join('\r\n'));
    const until = async (isEnough: (sofar: string) => boolean) => {
      while (!isEnough(text)) await once(socket, 'data', { signal: AbortSignal.timeout(10_000) });
      return text;
    };
    return { socket, until };
  }

  /** An event stream that has sent its first snapshot. */
  async function listen(server: ApiServer): Promise<Conversation> {
    const conversation = converse(server, ['GET /api/events HTTP/1.1']);
    await conversation.until((text) => text.includes('event: status.changed'));
    return conversation;
  }

  it('answers a call with validated arguments and their defaults', async () => {
    const seen: unknown[] = [];
    const server = await start(
      new FakeEngine({
        'search.query': (args) => {
          seen.push(args);
          return Promise.resolve([]);
        },
      }),
    );

    const reply = await call(server, 'search.query', { query: 'anchor' });

    expect(reply.status).toBe(200);
    expect(jsonOf(reply)).toEqual({ ok: true, value: [] });
    expect(seen).toMatchObject([{ query: 'anchor', limit: 20 }]);
  });

  it('listens on the loopback address only and names its addresses', async () => {
    const server = await start();

    expect(server.url).toBe(`http://127.0.0.1:${String(portOf(server))}`);
    expect(server.windowUrl).toBe(`${server.url ?? ''}/#token=${TOKEN}`);
  });

  it.each([
    ['a missing token', { authorization: undefined }],
    ['a wrong token', { authorization: `Bearer ${'f0'.repeat(32)}` }],
    ['a token in another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('refuses %s everywhere but for the window', async (_what, headers) => {
    const server = await start();

    const refused = await Promise.all([
      call(server, 'status.get', {}, headers),
      ask(server, '/api/events', { headers }),
      ask(server, '/v1/autosave/health', { headers }),
      ask(server, '/v1/conversations/metrics', { headers }),
      ask(server, '/anything', { method: 'DELETE', headers }),
    ]);

    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    expect(refused.map(jsonOf)).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: 'UNAUTHORIZED' }) as unknown }),
    );
    expect((await ask(server, '/', { headers })).status).toBe(200);
  });

  it.each([
    ['a name that was made to point here', { host: 'evil.example' }],
    ['another port', { host: '127.0.0.1:1' }],
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page without origin', { origin: 'null' }],
  ])('refuses %s, token or not', async (_what, headers) => {
    const server = await start();

    for (const target of ['/', '/api/events', '/v1/conversations/metrics', '/api/hello?nonce=0123456789abcdef']) {
      const reply = await ask(server, target, { headers });
      expect(reply.status).toBe(403);
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect((await call(server, 'status.get', {}, headers)).status).toBe(403);
  });

  it('lets its own page call, but not name paths or ask for what is the command line’s', async () => {
    const server = await start();
    const origin = server.url ?? '';

    expect((await call(server, 'status.get', {}, { origin })).status).toBe(200);
    expect((await call(server, 'exchanges.page', {}, { origin })).status).toBe(403);
    expect((await call(server, 'jobs.start', { kind: 'import', paths: ['/etc'] }, { origin })).status).toBe(403);
    expect((await call(server, 'jobs.start', { kind: 'import', paths: ['/etc'] })).status).toBe(200);
  });

  it.each([
    ['an unknown field', 'status.get', '{"x":1}', 400],
    ['a value out of range', 'search.query', '{"query":"a","limit":0}', 400],
    ['a wrong type', 'sessions.get', '{"session":7}', 400],
    ['no object', 'status.get', '[]', 400],
    ['half an object', 'status.get', '{"a":', 400],
    ['nothing', 'status.get', '', 400],
    ['a poisoned prototype', 'status.get', '{"__proto__":{"a":1}}', 400],
    ['an unknown request', 'status.forget', '{}', 404],
    ['the name of an inherited property', 'constructor', '{}', 404],
  ])('refuses %s', async (_what, topic, body, status) => {
    const server = await start();

    const reply = await ask(server, `/api/call/${topic}`, { method: 'POST', body });

    expect(reply.status).toBe(status);
    expect(jsonOf(reply)).toMatchObject({ ok: false, error: { message: expect.any(String) as unknown } });
  });

  it('refuses a form, which a page of another site could send unasked', async () => {
    const server = await start();

    const reply = await ask(server, '/api/call/status.get', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'text/plain' },
    });

    expect(reply.status).toBe(415);
  });

  it('refuses a body that is too large', async () => {
    const server = await start();

    const { until } = converse(server, [
      'POST /api/call/search.query HTTP/1.1',
      'Content-Type: application/json',
      `Content-Length: ${String(10 * 1024 * 1024 + 1)}`,
    ]);

    expect(await until((text) => text.includes('\r\n\r\n'))).toContain('413 Payload Too Large');
  });

  it('keeps code and sentence of a failed call', async () => {
    const failing = (error: Error): Partial<Handlers> => ({ 'sessions.get': () => Promise.reject(error) });
    const ambiguous = await start(new FakeEngine(failing(new EngineError('AMBIGUOUS', 'Two sessions begin so.'))));
    const broken = await start(new FakeEngine(failing(new Error('out of luck'))));

    const first = await call(ambiguous, 'sessions.get', { session: 's' });
    const second = await call(broken, 'sessions.get', { session: 's' });

    expect(first.status).toBe(409);
    expect(jsonOf(first)).toMatchObject({ ok: false, error: { code: 'AMBIGUOUS', message: 'Two sessions begin so.' } });
    expect(second.status).toBe(500);
    expect(jsonOf(second)).toMatchObject({ ok: false, error: { code: 'INTERNAL', message: 'out of luck' } });
  });

  it.each([
    ['healthy', 200],
    ['degraded', 200],
    ['unhealthy', 503],
  ] as const)('reports %s health with status %i', async (status, expected) => {
    const server = await start(new FakeEngine({ 'health.get': () => Promise.resolve(healthOf(status)) }));

    const reply = await ask(server, '/v1/autosave/health');

    expect(reply.status).toBe(expected);
    expect(jsonOf(reply)).toEqual(healthOf(status));
  });

  it('gives the metrics of the conversations', async () => {
    const server = await start();

    const reply = await ask(server, '/v1/conversations/metrics');

    expect(jsonOf(reply)).toMatchObject({ queue_size: 3, pending: 1, dead_letters: 2 });
  });

  it('proves that it knows the token without showing it', async () => {
    const server = await start();
    const nonce = '0123456789abcdef';

    const reply = await ask(server, `/api/hello?nonce=${nonce}`, { headers: { authorization: undefined } });

    expect(jsonOf(reply)).toEqual({ program: 'holdfast', version: '0.1.0', proof: helloProof(TOKEN, nonce) });
    expect((await ask(server, '/api/hello?nonce=no')).status).toBe(400);
  });

  it('serves the window under a policy that lets nothing else in', async () => {
    const server = await start();

    const reply = await ask(server, '/', { headers: { authorization: undefined } });

    expect(reply).toMatchObject({ status: 200, text: expect.stringContaining('<title>Holdfast') as unknown });
    expect(reply.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(reply.headers['content-security-policy']).toContain("connect-src 'self'");
    expect(reply.headers['content-security-policy']).toContain("default-src 'none'");
  });

  it.each(['/../secret', '/%2e%2e/secret', '/..%2fsecret', '/assets/..%5c..%5csecret', '//etc/passwd'])(
    'gives nothing outside the window’s folder for %s',
    async (target) => {
      const server = await start();

      const reply = await ask(server, target);

      expect(reply.status).toBeGreaterThanOrEqual(400);
      expect(reply.text).not.toContain('secret"');
      expect(reply.text).not.toBe('secret');
    },
  );

  it('has no window where none was built', async () => {
    const server = build(new FakeEngine(), { withWindow: false });
    await server.start(AbortSignal.timeout(10_000));

    expect(server.windowUrl).toBeNull();
    expect((await ask(server, '/')).status).toBe(404);
  });

  it('sends the present snapshot first, then each change', async () => {
    const engine = new FakeEngine();
    const server = await start(engine);
    const stream = await listen(server);

    engine.sendStatus(snapshotOf({ overall: 'warn' }));
    engine.sendJob(jobOf({ id: 'j7', state: 'done' }));
    const text = await stream.until((sofar) => sofar.includes('"overall":"warn"') && sofar.includes('"id":"j7"'));

    expect(text).toContain('content-type: text/event-stream');
    expect(text).toContain('event: job.changed\ndata: {');
  });

  it('sends at most four snapshots a second, and always the last one', async () => {
    const engine = new FakeEngine();
    const server = await start(engine);
    const stream = await listen(server);

    for (let n = 1; n <= 500; n += 1) engine.sendStatus(snapshotOf({ captureGap: n }));
    const text = await stream.until((sofar) => sofar.includes('"captureGap":500'));

    expect(text.match(/event: status\.changed/g)?.length).toBeLessThanOrEqual(3);
  });

  /** Sleeps end at once if they are no longer than `mostMs`, and never otherwise (unless aborted). */
  function impatientClock(mostMs: number): Clock {
    return {
      ...systemClock,
      sleep: async (ms, signal) => (ms <= mostMs ? undefined : systemClock.sleep(86_400_000, signal)),
    };
  }

  it('stops without waiting for the windows that listen', async () => {
    const server = await start(new FakeEngine(), { clock: impatientClock(-1) });
    const listening = await Promise.all([listen(server), listen(server)]);
    const ended = Promise.all(listening.map(({ socket }) => once(socket, 'end')));

    await server.stop();
    await ended;

    expect(server.url).toBeNull();
  });

  it('cuts a call that hangs half a second after it was told to stop', async () => {
    let called = (): void => undefined;
    const isCalled = new Promise<void>((resolve) => {
      called = resolve;
    });
    const hanging = new FakeEngine({
      'health.get': () => {
        called();
        return new Promise(() => undefined);
      },
    });
    const server = await start(hanging, { clock: impatientClock(500) });
    const cut = call(server, 'health.get', {}).catch((error: unknown) => error);
    await isCalled;

    await server.stop();

    expect(await cut).toBeInstanceOf(Error);
    expect(server.url).toBeNull();
  });

  it('lets a call that is being answered finish before it stops', async () => {
    let answer = (): void => undefined;
    let called = (): void => undefined;
    const isCalled = new Promise<void>((resolve) => {
      called = resolve;
    });
    const server = await start(
      new FakeEngine({
        'health.get': async () => {
          called();
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
          return healthOf('healthy');
        },
      }),
    );
    const reply = call(server, 'health.get', {});
    await isCalled;

    const stopping = server.stop();
    answer();
    await stopping;

    expect((await reply).status).toBe(200);
  });

  it('may be stopped twice, and before it was started', async () => {
    const server = await start();

    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    await build(new FakeEngine()).stop();

    expect(server.windowUrl).toBeNull();
  });

  it('says in one sentence that its port is taken', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const server = build(new FakeEngine(), { port });

    const refused = server.start(AbortSignal.timeout(10_000));

    await expect(refused).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    await expect(refused).rejects.toThrow(`Port ${String(port)} is in use by another program.`);
    expect(server.url).toBeNull();
    await new Promise((resolve) => other.close(resolve));
  });
});
