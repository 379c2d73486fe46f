import { readRunningEngine } from '../engine/config/engine-record.ts';
import { describeError } from '../engine/core/errors.ts';
import type { Logger } from '../engine/core/logger.ts';

const ANSWER_WITHIN_MS = 3000;

/**
 * For a start that finds the data folder in use by an engine without a desktop: asks that engine to show its window.
 * @returns one sentence for people, and the address of its window if it has one; the address holds the token
 */
export async function showRunningEngine(
  home: string,
  logger: Logger,
): Promise<{ readonly sentence: string; readonly windowUrl: string | null }> {
  const running = await readRunningEngine(home);
  if (running === null) {
    const sentence = 'Holdfast is already running on this data folder, but does not answer. Its log says more.';
    return { sentence, windowUrl: null };
  }
  const { apiUrl, windowUrl } = running.record;
  try {
    await fetch(`${apiUrl}/api/call/window.show`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${running.token}`, 'Content-Type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      redirect: 'error',
    });
  } catch (error) {
    // The sentence below is true all the same, and names the way to the window.
    logger.warn('running engine did not show its window', { error: describeError(error) });
  }
  return { sentence: 'Holdfast is already running, without a tray.', windowUrl };
}
