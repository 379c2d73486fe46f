import { REQUESTS } from '../../../shared/ipc.ts';
import type { Handlers } from '../../../shared/ipc.ts';

/** A call that reached the engine. */
export interface HeardCall {
  readonly topic: string;
  readonly args: unknown;
}

/** Handlers for every request of the contract that note what they hear and give what `answers` says, else `{}`. */
export function listeningHandlers(
  heard: HeardCall[],
  answers: Readonly<Record<string, (args: unknown) => unknown>> = {},
): Handlers {
  const entries = Object.keys(REQUESTS).map((topic) => [
    topic,
    (args: unknown) => {
      heard.push({ topic, args });
      return new Promise((resolve) => {
        resolve(answers[topic]?.(args) ?? {});
      });
    },
  ]);
  // Made from the contract's own list, so that no request can be missing.
  return Object.fromEntries(entries) as Handlers;
}
