/**
 * The loopback API: calls, events, health, metrics and the window over HTTP, on 127.0.0.1 alone. It guarantees that nothing
 * but the window's own files is given to anybody without the token, and nothing at all to a page of another site.
 */
import { fastify } from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Envelope, ErrorCode } from '../../../shared/error-code.ts';
import type { EngineAccess } from '../contract.ts';
import type { Clock } from '../core/clock.ts';
import { dispatch, isTopic } from '../core/dispatch.ts';
import { EngineError, describeError, systemErrorCode } from '../core/errors.ts';
import { helloProof } from '../core/hello-proof.ts';
import type { Logger } from '../core/logger.ts';
import type { Service } from '../core/service.ts';
import { toConversationMetrics } from './conversation-metrics.ts';
import { EventFeed } from './event-feed.ts';
import { httpStatusOf } from './http-status.ts';
import { hasToken, isAddressedToUs, isBarredForWindow } from './request-guard.ts';
import { WindowFiles } from './window-files.ts';

export interface ApiServerOptions {
  readonly engine: EngineAccess;
  /** Bearer token; see `config/api-token.ts`. */
  readonly token: string;
  /** 0: any free one. */
  readonly port: number;
  /** Folder of the built window; null: no window is served. */
  readonly rendererDirectory: string | null;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const HOST = '127.0.0.1';
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
const CALL_WITHIN_MS = 60_000;
/** Calls that are being answered when the server stops have this long to finish. */
const DRAIN_MS = 500;

/** Sent with everything. The window loads nothing from elsewhere, so all of it is refused. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

export class ApiServer implements Service {
  readonly name = 'api';
  readonly #options: ApiServerOptions;
  readonly #feed: EventFeed;
  #server: FastifyInstance | null = null;
  #port = 0;
  #stopping: Promise<void> | null = null;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#feed = new EventFeed(options.engine, options.clock, options.logger);
  }

  /** `http://127.0.0.1:<port>`; null unless it listens. */
  get url(): string | null {
    return this.#server === null ? null : `http://${HOST}:${String(this.#port)}`;
  }

  /** Address of the window. The token is in the fragment, which browsers never send. Null when no window is served. */
  get windowUrl(): string | null {
    if (this.url === null || this.#options.rendererDirectory === null) return null;
    return `${this.url}/#token=${this.#options.token}`;
  }

  /** Errors: PORT_TAKEN, CONFIG_INVALID (a port that this account may not use). */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { rendererDirectory, port } = this.#options;
    const files = rendererDirectory === null ? null : await WindowFiles.list(rendererDirectory);
    const server = this.#build(files);
    try {
      await server.listen({ host: HOST, port });
    } catch (error) {
      await server.close();
      throw listenError(error, port);
    }
    const address = server.server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : port;
    this.#server = server;
    this.#options.logger.info('api started', { port: this.#port });
  }

  /** Ends event streams at once, lets calls finish for half a second, then cuts them. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#stopping ??= this.#close(server);
    await this.#stopping;
  }

  async #close(server: FastifyInstance): Promise<void> {
    this.#feed.close();
    const closed = new AbortController();
    const cut = this.#options.clock.sleep(DRAIN_MS, closed.signal).then(
      () => {
        server.server.closeAllConnections();
      },
      // Closed in time: there is nothing left to cut.
      () => undefined,
    );
    await server.close();
    closed.abort();
    await cut;
    this.#server = null;
    this.#stopping = null;
  }

  #build(files: WindowFiles | null): FastifyInstance {
    const server = fastify({
      logger: false,
      bodyLimit: BODY_LIMIT_BYTES,
      requestTimeout: 30_000,
      keepAliveTimeout: 5_000,
      forceCloseConnections: 'idle',
      http: { headersTimeout: 10_000 },
    });
    // JSON alone: a page of another site can send plain text without being asked first.
    server.removeContentTypeParser('text/plain');
    server.addHook('onRequest', async (request, reply) => this.#guard(request, reply));
    server.setErrorHandler<FastifyError>((error, _request, reply) => this.#answerError(error, reply));
    server.setNotFoundHandler(async (_request, reply) => refuse(reply, 404, 'NOT_FOUND', 'There is nothing here.'));
    this.#addRoutes(server, files);
    return server;
  }

  #addRoutes(server: FastifyInstance, files: WindowFiles | null): void {
    const { engine, token, version } = this.#options;
    server.get<{ Querystring: { nonce?: unknown } }>('/api/hello', async (request, reply) => {
      const { nonce } = request.query;
      if (typeof nonce !== 'string' || !/^[0-9a-f]{16,128}$/.test(nonce)) {
        return refuse(reply, 400, 'IPC_BAD_ARGUMENT', 'The query needs a nonce of 16 to 128 hex digits.');
      }
      return reply.send({ program: 'holdfast', version, proof: helloProof(token, nonce) });
    });
    server.post<{ Params: { topic: string } }>('/api/call/:topic', async (request, reply) => {
      const { topic } = request.params;
      if (request.headers.origin !== undefined && isTopic(topic) && isBarredForWindow(topic, request.body)) {
        return refuse(reply, 403, 'IPC_BAD_SENDER', 'Only the command line may ask for this.');
      }
      return this.#answer(reply, topic, request.body);
    });
    server.get('/api/events', async (_request, reply) => {
      if (!this.#feed.hasRoom || this.#stopping !== null) {
        return refuse(reply, 503, 'INTERNAL', 'Too many windows listen already: close one.');
      }
      reply.hijack();
      await this.#feed.add(reply.raw, SECURITY_HEADERS);
      return reply;
    });
    server.get('/v1/autosave/health', async (_request, reply) => {
      const report = await engine.handlers['health.get']({});
      return reply.status(report.status === 'unhealthy' ? 503 : 200).send(report);
    });
    server.get('/v1/conversations/metrics', async (_request, reply) =>
      reply.send(toConversationMetrics(await engine.handlers['status.get']({}))),
    );
    server.get('/*', async (request, reply) => answerFile(reply, files, request.url));
  }

  async #guard(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    reply.headers({ ...SECURITY_HEADERS, 'cache-control': 'no-store' });
    const { host, origin, authorization } = request.headers;
    if (!isAddressedToUs(host, origin, request.socket.localPort ?? 0)) {
      return refuse(
        reply,
        403,
        'IPC_BAD_SENDER',
        'This address answers its own window and programs of this machine only.',
      );
    }
    if (isOpen(request) || hasToken(authorization, this.#options.token)) return undefined;
    return refuse(
      reply,
      401,
      'UNAUTHORIZED',
      'The token is missing or wrong: it is in the file api-token of the data folder.',
    );
  }

  async #answer(reply: FastifyReply, topic: string, args: unknown): Promise<FastifyReply> {
    const envelope = await this.#withinTime(topic, dispatch(this.#options.engine.handlers, topic, args));
    if (envelope.ok) return reply.send(envelope);
    const status = httpStatusOf(envelope.error.code);
    if (status === 500) this.#options.logger.error('call failed', { code: envelope.error.code, topic });
    return reply.status(status).send(envelope);
  }

  async #withinTime(topic: string, call: Promise<Envelope<unknown>>): Promise<Envelope<unknown>> {
    const answered = new AbortController();
    const late = this.#options.clock.sleep(CALL_WITHIN_MS, answered.signal).then(
      (): Envelope<unknown> => {
        const message = `The engine did not answer ${topic} within a minute: try again, or look into its log.`;
        return { ok: false, error: { code: 'INTERNAL', message, retryable: true } };
      },
      // The call was quicker; its answer has won the race already.
      () => call,
    );
    try {
      return await Promise.race([call, late]);
    } finally {
      answered.abort();
    }
  }

  #answerError(error: FastifyError, reply: FastifyReply): FastifyReply {
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) {
      return refuse(reply, status, 'IPC_BAD_ARGUMENT', `The request cannot be used (${error.message}).`);
    }
    this.#options.logger.error('request failed', { error: describeError(error) });
    const code = error instanceof EngineError ? error.code : 'INTERNAL';
    return refuse(reply, httpStatusOf(code), code, error.message);
  }
}

/** The window's files hold no conversation, and `hello` shows nothing that a stranger could use. */
function isOpen(request: FastifyRequest): boolean {
  return request.routeOptions.url === '/*' || request.routeOptions.url === '/api/hello';
}

async function answerFile(reply: FastifyReply, files: WindowFiles | null, url: string): Promise<FastifyReply> {
  if (files === null) return refuse(reply, 404, 'NOT_FOUND', 'No window is served here: it was not built.');
  const file = await files.read(url.replace(/[?#].*$/s, ''));
  if (file === null) return refuse(reply, 404, 'NOT_FOUND', 'There is nothing here.');
  return reply.headers({ 'content-type': file.contentType, 'cache-control': file.cacheControl }).send(file.content);
}

function refuse(reply: FastifyReply, status: number, code: ErrorCode, message: string): FastifyReply {
  const envelope: Envelope<never> = { ok: false, error: { code, message, retryable: false } };
  return reply.status(status).send(envelope);
}

function listenError(error: unknown, port: number): unknown {
  const advice = 'Choose another one with --port, HOLDFAST_PORT or api.port in the settings; 0 takes any free one.';
  const options = { cause: error, context: { port } };
  const code = systemErrorCode(error);
  if (code === 'EADDRINUSE') {
    return new EngineError('PORT_TAKEN', `Port ${String(port)} is in use by another program. ${advice}`, options);
  }
  if (code === 'EACCES') {
    return new EngineError('CONFIG_INVALID', `This account may not use port ${String(port)}. ${advice}`, options);
  }
  return error;
}
