/** Starts work whose end nobody waits for. An error that nobody expected still reaches the console. */
export function inBackground(work: Promise<unknown>): void {
  work.catch((error: unknown) => reportError(error));
}
