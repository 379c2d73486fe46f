import { REQUESTS, type Handlers, type Topic } from '../../shared/ipc.ts';

/** Handlers that look up the real ones at each call. */
export function delegatingHandlers(current: () => Handlers): Handlers {
  const topics = Object.keys(REQUESTS) as Topic[];
  // One handler for each topic of the contract, each with the types of its topic: more than the checker can follow.
  const handlers = topics.map((topic) => [
    topic,
    async (args: unknown) => await (current()[topic] as (args: unknown) => Promise<unknown>)(args),
  ]);
  return Object.fromEntries(handlers);
}
