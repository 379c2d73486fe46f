import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * Looks again and again until what is seen is wanted, and gives it back. Fails with what was seen last.
 * @param withinMs default 15 000
 */
export async function waitUntil<T>(
  look: () => T | Promise<T>,
  isWanted: (seen: T) => boolean,
  what: string,
  withinMs = 15_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isWanted(seen)) return seen;
    if (performance.now() > end) {
      throw new Error(`${what}: not within ${String(withinMs)} ms; seen last: ${JSON.stringify(seen)}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
