import { vi } from 'vitest';

/** Generous: it ends as soon as the condition holds, and a loaded machine is no finding. */
const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 5;

/** Looks again and again until it sees something. @returns what it saw, neither false nor empty */
export async function until<T>(
  look: () => T | Promise<T>,
): Promise<Exclude<Awaited<T>, false | 0 | '' | null | undefined>> {
  const seen = await vi.waitUntil(look, { timeout: WITHIN_MS, interval: LOOK_EVERY_MS });
  return seen as Exclude<Awaited<T>, false | 0 | '' | null | undefined>;
}
