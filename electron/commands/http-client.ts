import { z } from 'zod';
import { ERROR_CODES } from '../../shared/error-code.ts';
import type { ArgsOf, ResultOf, Topic } from '../../shared/ipc.ts';
import { EngineError } from '../engine/core/errors.ts';
import type { EngineClient } from './engine-client.ts';

/** The server answers within a minute or says that it did not. */
const ANSWER_WITHIN_MS = 65_000;

const envelopeSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error: z.object({
      code: z.enum(ERROR_CODES).catch('INTERNAL'),
      message: z.string(),
      retryable: z.boolean().catch(false),
    }),
  }),
]);

/** Calls the running engine over loopback HTTP. */
export class HttpClient implements EngineClient {
  readonly isRunning = true;
  readonly #apiUrl: string;
  readonly #token: string;

  constructor(apiUrl: string, token: string) {
    this.#apiUrl = apiUrl;
    this.#token = token;
  }

  async call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<ResultOf<T>> {
    const envelope = envelopeSchema.safeParse(await this.#post(topic, args));
    if (!envelope.success) {
      throw new EngineError('INTERNAL', 'The running Holdfast gave an answer that this version does not understand.', {
        cause: envelope.error,
      });
    }
    if (envelope.data.ok) return envelope.data.value as ResultOf<T>;
    const { code, message, retryable } = envelope.data.error;
    throw new EngineError(code, message, { retryable });
  }

  /** Nothing is kept open between calls that would have to be closed. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #post(topic: Topic, args: unknown): Promise<unknown> {
    try {
      const response = await fetch(`${this.#apiUrl}/api/call/${topic}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: JSON.stringify(args),
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return await response.json();
    } catch (error) {
      throw new EngineError(
        'ENGINE_NOT_RUNNING',
        'The running Holdfast does not answer any more: look whether it still runs with "holdfast status", then try again.',
        { cause: error, retryable: true },
      );
    }
  }
}
