/**
 * Waits for whichever comes first and ends the other waits, so that none of them goes on listening. Rejects with an
 * AbortError when `signal` fires.
 */
export async function firstOf(
  signal: AbortSignal,
  waits: readonly ((signal: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  signal.throwIfAborted();
  // Linked by hand: a long-lived signal keeps something of every AbortSignal.any that was made of it.
  const over = new AbortController();
  const abort = (): void => {
    over.abort();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race(waits.map((wait) => wait(over.signal)));
  } finally {
    signal.removeEventListener('abort', abort);
    over.abort();
  }
}
