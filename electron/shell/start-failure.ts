import { EngineError } from '../engine/core/errors.ts';

/** What is said when the program cannot start: the sentence of an expected problem, and everything there is about a bug. */
export function startFailureText(error: unknown): string {
  if (error instanceof EngineError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
