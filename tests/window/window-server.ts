/** Serves the built window the way the loopback API does: files under its policy, calls, and events as a stream. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Envelope } from '../../shared/error-code.ts';
import type { Topic } from '../../shared/ipc.ts';
import { REQUESTS } from '../../shared/ipc.ts';
import type { FakeEngine } from './fake-engine.ts';
import { RefusedCall } from './fake-engine.ts';

/** The policy of the window over loopback HTTP; inside Electron `connect-src` is `'none'`. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.map': 'application/json',
};

export class WindowServer {
  readonly token = 'window-test-token';
  readonly #server: Server;
  readonly #directory: string;
  readonly #streams = new Set<ServerResponse>();
  /** The engine that answers; a test may put another in its place before it loads the page. */
  engine: FakeEngine;
  /** While true, no call is answered and no event sent: a recorder that hangs. */
  isSilent = false;

  constructor(directory: string, engine: FakeEngine) {
    this.#directory = directory;
    this.engine = engine;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      );
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.cutStreams();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The server is not started.');
    return `http://127.0.0.1:${address.port}/`;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Breaks every event stream, as a restart of the recorder does. */
  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    if (!pathname.startsWith('/api/')) {
      await this.#serveFile(pathname === '/' ? '/index.html' : pathname, response);
      return;
    }
    if (this.isSilent) return;
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      const error = { code: 'UNAUTHORIZED', message: 'The token is not right.', retryable: false } as const;
      sendJson(response, 401, { ok: false, error });
    } else if (pathname === '/api/events' && request.method === 'GET') {
      this.#stream(response);
    } else if (request.method === 'POST' && request.headers['content-type'] === 'application/json') {
      sendJson(response, 200, await this.#call(pathname.replace('/api/call/', ''), await bodyOf(request)));
    } else {
      response.writeHead(405).end();
    }
  }

  async #call(topic: string, args: unknown): Promise<Envelope<unknown>> {
    if (!isTopic(topic)) {
      return { ok: false, error: { code: 'IPC_UNKNOWN_TOPIC', message: 'No such request.', retryable: false } };
    }
    const parsed = REQUESTS[topic].args.safeParse(args);
    if (!parsed.success) {
      return { ok: false, error: { code: 'IPC_BAD_ARGUMENT', message: parsed.error.message, retryable: false } };
    }
    try {
      return { ok: true, value: await this.engine.call(topic, parsed.data) };
    } catch (error) {
      if (!(error instanceof RefusedCall)) throw error;
      return { ok: false, error: { code: error.code, message: error.message, retryable: false } };
    }
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': open\n\n');
    const unsubscribe = this.engine.listen((topic, payload) => {
      if (!this.isSilent) response.write(`event: ${topic}\ndata: ${JSON.stringify(payload)}\n\n`);
    });
    this.#streams.add(response);
    response.on('close', () => {
      unsubscribe();
      this.#streams.delete(response);
    });
  }

  async #serveFile(pathname: string, response: ServerResponse): Promise<void> {
    const file = path.join(this.#directory, path.normalize(pathname));
    const body = await readFile(file).catch(() => null);
    if (body === null) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(body);
  }
}

function isTopic(topic: string): topic is Topic {
  return Object.hasOwn(REQUESTS, topic);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return JSON.parse(text);
}

function sendJson(response: ServerResponse, status: number, body: Envelope<unknown>): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
