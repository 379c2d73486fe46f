import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../shared/settings.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { CLONE, Workplace } from '../support/workplace.ts';

const CATCH_UP_SECONDS = 60;

/** A new conversation in a new folder, more of a known one, and one that nobody has touched for long. */
async function expectCaughtUp(place: Workplace, holdfast: Headless, before: number): Promise<void> {
  const written = ['known', 'cold', 'new'].map((name, index) => {
    const session = idOf(name);
    append(
      sessionFile(place.projects, session, `-home-ana-work-${name}`),
      textOf([smallExchange(session, `${name} later`, index + 10)]),
    );
    return name;
  });
  await holdfast.waitForExchanges(before + written.length, CATCH_UP_SECONDS * 1000);
  expectClean(await holdfast.verify());
  expectSame(expectedExchanges(place.claude), await place.export());
}

function writeBefore(place: Workplace): number {
  for (const name of ['known', 'cold']) {
    append(
      sessionFile(place.projects, idOf(name), `-home-ana-work-${name}`),
      textOf([smallExchange(idOf(name), `${name} before`)]),
    );
  }
  return 2;
}

describe('watches of which every event is lost', () => {
  it('cost a minute at most: looking finds what they have not told', async () => {
    await using place = await Workplace.make();
    const before = writeBefore(place);
    const deaf = pathToFileURL(path.join(CLONE, 'tests', 'support', 'deaf-watch.mjs')).href;
    await place.settings({ capture: { reconcileSeconds: 10 } });

    const holdfast = await place.start({ env: { NODE_OPTIONS: `--import ${deaf}` } });
    await holdfast.waitForExchanges(before);

    await expectCaughtUp(place, holdfast, before);
    expect((await holdfast.status()).watcher.lastEventAt).toBeNull();
    // What is not set to something else is looked at as often as is promised.
    expect(settingsSchema.parse({}).capture.reconcileSeconds).toBeLessThanOrEqual(CATCH_UP_SECONDS);
  });
});

describe('a system that has no watches left', () => {
  it('is said, and looking takes their place', async () => {
    await using place = await Workplace.make();
    const before = writeBefore(place);
    await place.settings({ capture: { reconcileSeconds: 10 } });
    // The limit of a user namespace of its own, so that nobody else on this machine notices.
    const limit = 'echo 2 > /proc/sys/user/max_inotify_watches && exec "$@"';

    const holdfast = await place.start({ under: ['unshare', '-Ur', 'sh', '-c', limit, 'sh'] });
    const status = await holdfast.waitForStatus(
      ({ store, watcher }) => store.exchanges === before && watcher.mode === 'polling',
      'it looks instead of watching',
    );

    expect(status).toMatchObject({ overall: 'warn', watcher: { health: { reason: 'WATCH_INCOMPLETE' } } });
    expect(status.watcher.watchedDirectories).toBe(2);
    await expectCaughtUp(place, holdfast, before);
  });
});
