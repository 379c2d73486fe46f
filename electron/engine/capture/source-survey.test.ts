import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DirectoryWatcher } from './directory-watcher.ts';
import type { SourceRoot } from './source-layout.ts';
import { SourceSurvey } from './source-survey.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { write } from './test-support/source-files.ts';

const NEVER = new AbortController().signal;

function newSurvey(bed: CaptureBed) {
  const watcher = new DirectoryWatcher({
    platform: process.platform,
    onChange: () => undefined,
    onUnwatchable: () => undefined,
  });
  return {
    watcher,
    survey: new SourceSurvey(bed.registry, watcher),
    [Symbol.dispose]: () => {
      watcher.close();
    },
  };
}

describe('SourceSurvey', () => {
  it('names the files that are recorded, the roots, and watches every folder on its way', async () => {
    await using bed = await CaptureBed.create();
    using place = newSurvey(bed);
    await write(bed.session('s'), 'x');
    await write(path.join(bed.projects, PROJECT, 'notes.md'), 'x');

    const survey = await place.survey.everything(NEVER);

    expect(survey).toEqual({
      files: [bed.session('s')],
      missingRoots: [],
      presentRoots: [bed.root],
      skipped: new Map(),
    });
    expect(place.watcher.directories()).toEqual([bed.root.directory, bed.projects, path.join(bed.projects, PROJECT)]);
  });

  it('sets no watch after it was told to stop', async () => {
    await using bed = await CaptureBed.create();
    using place = newSurvey(bed);
    await write(bed.session('s'), 'x');

    await expect(place.survey.everything(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(place.watcher.size).toBe(0);
  });

  it('keeps the watch of a folder that was made behind it while it walked', async () => {
    await using bed = await CaptureBed.create();
    using place = newSurvey(bed);
    await write(bed.session('s'), 'x');
    const made = path.join(bed.directory, 'made-meanwhile');
    await mkdir(made);

    const walking = place.survey.everything(NEVER);
    place.watcher.watch(made);
    await walking;
    const after = place.watcher.directories().includes(made);
    await place.survey.everything(NEVER);

    expect(after).toBe(true);
    expect(place.watcher.directories()).not.toContain(made);
  });

  it('walks one folder of the agent, and none that holds no transcripts', async () => {
    await using bed = await CaptureBed.create();
    using place = newSurvey(bed);
    await write(bed.session('s'), 'x');
    await write(path.join(bed.root.directory, 'plugins', 'x.jsonl'), 'x');

    const files = await place.survey.folder(path.join(bed.projects, PROJECT), NEVER);
    const foreign = await place.survey.folder(path.join(bed.root.directory, 'plugins'), NEVER);
    const noFolder = await place.survey.folder(bed.session('s'), NEVER);

    expect([files, foreign, noFolder]).toEqual([[bed.session('s')], [], []]);
    expect(place.watcher.directories()).toEqual([path.join(bed.projects, PROJECT)]);
  });

  it('does not miss an agent that is not installed, until something of it was archived', async () => {
    await using bed = await CaptureBed.create();
    using place = newSurvey(bed);
    await write(bed.session('s'), 'x');
    const codex: SourceRoot = {
      agent: 'codex',
      directory: path.join(bed.directory, '.codex'),
      rootKey: 'codex-1',
      isOptional: true,
    };
    bed.registry.addRoot(codex);

    const before = await place.survey.everything(NEVER);
    const rollout = path.join(codex.directory, 'sessions', 'rollout-x.jsonl');
    await write(rollout, 'x');
    const during = await place.survey.everything(NEVER);
    await rm(codex.directory, { recursive: true });
    const after = await place.survey.everything(NEVER);

    expect(before.missingRoots).toEqual([]);
    expect(place.watcher.directories().filter((folder) => folder.startsWith(codex.directory))).toEqual([]);
    expect([during.files, during.presentRoots]).toEqual([
      [bed.session('s'), rollout],
      [bed.root, codex],
    ]);
    expect(after.missingRoots).toEqual([codex]);
  });
});
