import type { Envelope, ErrorCode } from '../../../shared/error-code.ts';
import { REQUESTS } from '../../../shared/ipc.ts';
import type { Handlers, Topic } from '../../../shared/ipc.ts';
import { toEnvelope } from './errors.ts';

/** True for the name of a request of `shared/ipc.ts`, and not for `constructor` and its like. */
export function isTopic(name: string): name is Topic {
  return Object.hasOwn(REQUESTS, name);
}

/**
 * A call from outside, whatever carried it: validates the arguments, calls the handler, and never throws. An error keeps
 * its code; arguments that do not fit give IPC_BAD_ARGUMENT, an unknown name IPC_UNKNOWN_TOPIC.
 */
export async function dispatch(handlers: Handlers, topic: string, args: unknown): Promise<Envelope<unknown>> {
  if (!isTopic(topic)) return refusal('IPC_UNKNOWN_TOPIC', `There is no request called "${topic.slice(0, 60)}".`);
  const parsed = REQUESTS[topic].args.safeParse(args);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the arguments' : issue.path.join('.');
    return refusal('IPC_BAD_ARGUMENT', `${topic}: ${field} cannot be used (${issue?.message ?? 'invalid'}).`);
  }
  // Topic, schema and handler come from one table, which the type checker cannot follow through a union of topics.
  const handler = handlers[topic] as (validated: unknown) => Promise<unknown>;
  try {
    return { ok: true, value: await handler(parsed.data) };
  } catch (error) {
    return { ok: false, error: toEnvelope(error) };
  }
}

function refusal(code: ErrorCode, message: string): Envelope<never> {
  return { ok: false, error: { code, message, retryable: false } };
}
