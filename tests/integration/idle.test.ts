import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { cpuSeconds, inotifyWatches } from '../support/child-process.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { Workplace } from '../support/workplace.ts';

const FILES = 1000;
const FOLDERS = 20;
/** Set to a minute to measure what is promised; shorter here, so that the tests stay short. */
const MEASURED_MS = Number(process.env['HOLDFAST_IDLE_MS'] ?? 20_000);
const CPU_MOST_PERCENT = 3;

describe('an idle Holdfast with 1,000 transcripts', () => {
  it('watches folders, not files, and hardly uses the processor', async () => {
    await using place = await Workplace.make();
    for (let i = 0; i < FILES; i += 1) {
      const session = idOf(`session ${String(i)}`);
      const folder = `-home-ana-work-${String(i % FOLDERS)}`;
      append(sessionFile(place.projects, session, folder), textOf([smallExchange(session, `of ${String(i)}`)]));
    }
    const first = await place.start();
    await first.waitForExchanges(FILES, 60_000);
    await first.stop();
    const holdfast = await place.start();
    await holdfast.waitForStatus(
      ({ safety, watcher, transcripts }) =>
        safety.allSaved && safety.archiveCurrent && watcher.lastReconcileAt !== null && transcripts.files === FILES,
      'everything looked at',
    );

    const watches = await inotifyWatches(holdfast.pid);
    const cpuBefore = await cpuSeconds(holdfast.pid);
    await sleep(MEASURED_MS);
    const percent = ((await cpuSeconds(holdfast.pid)) - cpuBefore) / (MEASURED_MS / 100_000);

    console.log(`idle: ${percent.toFixed(2)} % of a core, ${String(watches)} inotify watches`);
    // The root, the projects folder and one for each project.
    expect(watches).toBeGreaterThanOrEqual(FOLDERS);
    expect(watches).toBeLessThanOrEqual(FOLDERS + 5);
    expect(percent).toBeLessThan(CPU_MOST_PERCENT);
  });
});
