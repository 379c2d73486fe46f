import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { archivePathOf, parseArchivePath } from '../../electron/engine/archive/archive-path.ts';
import { DirectoryWatcher } from '../../electron/engine/capture/directory-watcher.ts';
import { SourceSurvey } from '../../electron/engine/capture/source-survey.ts';
import { inotifyWatches as watchesHere } from '../../electron/engine/capture/test-support/watch-handles.ts';
import { TranscriptRegistry } from '../../electron/engine/capture/transcript-registry.ts';
import { sourceRoot } from '../../electron/engine/recorder.ts';
import { inotifyWatches } from '../support/child-process.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { Workplace } from '../support/workplace.ts';

/** More links than a file may have on ext4 would need a second one. */
const LINKS_OF_ONE_FILE = 20_000;

/** So many transcripts, all with the bytes of a few. */
function spread(projects: string, directories: number, files: number, text: string): void {
  let source = '';
  for (let index = 0; index < files; index += 1) {
    const folder = path.join(projects, `-project-${String(index % directories)}`);
    if (index < directories) mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `${idOf(`file ${String(index)}`)}.jsonl`);
    if (index % LINKS_OF_ONE_FILE === 0) append((source = file), text);
    else linkSync(source, file);
  }
}

describe('100,000 transcripts in 5,000 folders', () => {
  it('need one watch per folder and none per file', async () => {
    const claude = mkdtempSync(path.join(os.tmpdir(), 'hft-'));
    try {
      spread(path.join(claude, 'projects'), 5000, 100_000, textOf([smallExchange(idOf('s'), 'the same')]));
      const unwatchable: string[] = [];
      const watcher = new DirectoryWatcher({
        platform: process.platform,
        onChange: () => undefined,
        onUnwatchable: (_directory, code) => unwatchable.push(code),
      });
      const naming = { pathOf: archivePathOf, parse: parseArchivePath };
      const survey = new SourceSurvey(
        new TranscriptRegistry(naming, [sourceRoot({ agent: 'claude-code', directory: claude })]),
        watcher,
      );
      const before = watchesHere();

      const { files } = await survey.everything(new AbortController().signal);
      const watches = watchesHere() - before;
      watcher.close();

      expect(files).toHaveLength(100_000);
      expect(unwatchable).toEqual([]);
      expect(watches).toBe(5002);
    } finally {
      rmSync(claude, { recursive: true });
    }
  });
});

describe('1,500 transcripts in 150 folders', () => {
  it('are all recorded, each once, and go on being watched by their folders', async () => {
    await using place = await Workplace.make();
    spread(place.projects, 150, 1500, textOf([smallExchange(idOf('s'), 'the same')]));
    const holdfast = await place.start();
    await holdfast.waitForStatus(
      ({ transcripts, safety }) => transcripts.files === 1500 && safety.allSaved && safety.archiveCurrent,
      'all of them are recorded',
      60_000,
    );

    append(sessionFile(place.projects, idOf('new'), '-project-7'), textOf([smallExchange(idOf('new'), 'new')]));
    const { store } = await holdfast.waitForExchanges(2);

    expect(store.exchanges).toBe(2);
    expect(await inotifyWatches(holdfast.pid)).toBeLessThanOrEqual(152);
    expectClean(await holdfast.verify());
  });
});
