import { describe, expect, it } from 'vitest';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchanges, textOf } from '../support/session-lines.ts';
import { Workplace } from '../support/workplace.ts';

const SESSION = idOf('paused');

/** The watcher has looked, or would have, at least twice since now. */
async function waitForTwoLooks(holdfast: Headless): Promise<void> {
  for (let looks = 0; looks < 2; looks += 1) {
    const { at } = await holdfast.status();
    await holdfast.waitForStatus(({ watcher }) => (watcher.lastBeatAt ?? 0) > at, 'a beat of the watcher');
  }
}

describe('a paused Holdfast', () => {
  it('reads nothing, not even after a restart, and everything once it goes on', async () => {
    await using place = await Workplace.make();
    const first = smallExchanges(SESSION, 'first', 1);
    const meanwhile = smallExchanges(SESSION, 'meanwhile', 2);
    const file = sessionFile(place.projects, SESSION);
    append(file, textOf(first));
    const before = await place.start();
    await before.waitForExchanges(1);

    expect(await before.call('recording.pause', { minutes: null })).toEqual({ paused: true, until: null });
    append(file, textOf(meanwhile));
    await waitForTwoLooks(before);

    const paused = await before.status();
    expect(paused).toMatchObject({ overall: 'paused', archive: { bytes: textOf(first).length } });
    expect(paused.store.exchanges).toBe(1);
    expect((await place.cli(['status'])).stdout).toContain('Paused');
    await before.stop();

    const after = await place.start();
    await waitForTwoLooks(after);
    expect(await after.status()).toMatchObject({ overall: 'paused', store: { exchanges: 1 } });

    expect(await after.call('recording.resume', {})).toEqual({ paused: false, until: null });
    await after.waitForExchanges(3);
    expectClean(await place.verify());
  });
});
