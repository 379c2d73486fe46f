/**
 * The way of every call from the page. In: an Electron event with two untrusted values. Out: an envelope, always. In this
 * order: sender, size, topic and audience, arguments (by the contract's schema), handler.
 */
import type { Envelope, ErrorCode } from '../../shared/error-code.ts';
import { REQUESTS } from '../../shared/ipc.ts';
import type { Handlers, Topic } from '../../shared/ipc.ts';
import { dispatch, isTopic } from '../engine/core/dispatch.ts';
import type { Logger } from '../engine/core/logger.ts';
import type { CallEvent, TrustedSenders } from './trusted-senders.ts';

/** Far above any call of the contract (a query of 1,000 characters), far below what would hurt. */
export const MOST_ARGUMENT_SIZE = 64 * 1024;

export interface CallGateOptions {
  readonly handlers: Handlers;
  readonly senders: TrustedSenders;
  readonly logger: Logger;
}

export class CallGate {
  readonly #options: CallGateOptions;

  constructor(options: CallGateOptions) {
    this.#options = options;
  }

  /**
   * Answers one call; never rejects.
   * Errors of its own: IPC_BAD_SENDER, IPC_BAD_ARGUMENT, IPC_UNKNOWN_TOPIC.
   */
  async answer(event: CallEvent, topic: unknown, args: unknown): Promise<Envelope<unknown>> {
    if (!this.#options.senders.trusts(event)) {
      return this.#refuse('IPC_BAD_SENDER', 'This page may not call Holdfast.', null);
    }
    if (typeof topic !== 'string' || !isTopic(topic) || REQUESTS[topic].audience !== 'window') {
      return this.#refuse('IPC_UNKNOWN_TOPIC', 'The window has no such request.', null);
    }
    if (!isPlainWithin(args, MOST_ARGUMENT_SIZE) || isForCommandLine(topic, args)) {
      return this.#refuse('IPC_BAD_ARGUMENT', `${topic} does not take these arguments from the window.`, topic);
    }
    return dispatch(this.#options.handlers, topic, args);
  }

  #refuse(code: ErrorCode, message: string, topic: Topic | null): Envelope<never> {
    this.#options.logger.warn('call from the window was refused', { code, topic });
    return { ok: false, error: { code, message, retryable: false } };
  }
}

/** The window never says where on the disk something is, nor puts the database aside: only the command line and the API do. */
function isForCommandLine(topic: Topic, args: unknown): boolean {
  if (topic !== 'jobs.start') return false;
  const kind = field(args, 'kind');
  if (kind === 'rebuild' || kind === 'backup-restore') return true;
  const paths = field(args, 'paths');
  const to = field(args, 'to');
  return (paths !== undefined && !(Array.isArray(paths) && paths.length === 0)) || (to !== undefined && to !== null);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

/**
 * Whether a value is plain data below a size: characters, and eight for anything else. Stops at the limit, so that a huge
 * or circular value costs no more than one that fits.
 */
export function isPlainWithin(value: unknown, most: number): boolean {
  let left = most;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const current = waiting.pop();
    left -= typeof current === 'string' ? current.length + 8 : 8;
    if (left < 0) return false;
    if (typeof current !== 'object' || current === null) continue;
    const isPlain = Array.isArray(current) || Object.getPrototypeOf(current) === Object.prototype;
    if (!isPlain) return false;
    if (Array.isArray(current) && current.length > left) return false;
    for (const [key, inner] of Object.entries(current)) {
      left -= key.length;
      waiting.push(inner);
      if (left < 0) return false;
    }
  }
  return true;
}
