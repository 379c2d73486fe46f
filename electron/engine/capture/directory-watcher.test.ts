import { mkdir, mkdtemp, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../core/test-support/until.ts';
import { DirectoryWatcher } from './directory-watcher.ts';
import { inotifyWatches } from './test-support/watch-handles.ts';

class Bed implements AsyncDisposable {
  readonly directory: string;
  readonly changed = new Set<string>();
  readonly unwatchable: { directory: string; code: string }[] = [];
  readonly watcher = new DirectoryWatcher({
    platform: process.platform,
    onChange: (changedPath) => this.changed.add(changedPath),
    onUnwatchable: (directory, code) => this.unwatchable.push({ directory, code }),
  });

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<Bed> {
    return new Bed(await mkdtemp(path.join(os.tmpdir(), 'holdfast-watch-test-')));
  }

  in(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  async heardOf(changedPath: string): Promise<void> {
    await until(() => this.changed.has(changedPath));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.watcher.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

describe('DirectoryWatcher', () => {
  it('tells of files that are made, changed and removed in a folder', async () => {
    await using bed = await Bed.create();
    bed.watcher.watch(bed.directory);

    await writeFile(bed.in('a'), '1');
    await bed.heardOf(bed.in('a'));
    bed.changed.clear();
    await writeFile(bed.in('a'), '2');
    await bed.heardOf(bed.in('a'));
    bed.changed.clear();
    await rm(bed.in('a'));
    await bed.heardOf(bed.in('a'));

    expect(bed.unwatchable).toEqual([]);
  });

  it('takes one watch for a folder however often it is asked', async () => {
    await using bed = await Bed.create();
    const before = inotifyWatches();

    const answers = [bed.watcher.watch(bed.directory), bed.watcher.watch(bed.directory)];

    expect(answers).toEqual([true, false]);
    expect(bed.watcher.size).toBe(1);
    expect(inotifyWatches() - before).toBe(1);
  });

  it('gives its watches back when it is closed', async () => {
    await using bed = await Bed.create();
    const before = inotifyWatches();
    await mkdir(bed.in('a'));
    bed.watcher.watch(bed.directory);
    bed.watcher.watch(bed.in('a'));

    bed.watcher.unwatch(bed.in('a'));
    const one = inotifyWatches() - before;
    bed.watcher.close();

    expect(one).toBe(1);
    expect(inotifyWatches() - before).toBe(0);
    expect(bed.watcher.directories()).toEqual([]);
  });

  it('says nothing of a folder that is not there', async () => {
    await using bed = await Bed.create();
    await writeFile(bed.in('file'), '');

    const answers = [bed.watcher.watch(bed.in('gone')), bed.watcher.watch(bed.in('file', 'below'))];

    expect(answers).toEqual([false, false]);
    expect(bed.unwatchable).toEqual([]);
    expect(bed.watcher.size).toBe(0);
  });

  it('reports a folder that cannot be watched', async () => {
    await using bed = await Bed.create();
    const tooLong = bed.in('x'.repeat(300));

    const answer = bed.watcher.watch(tooLong);

    expect(answer).toBe(false);
    expect(bed.unwatchable).toEqual([{ directory: tooLong, code: 'ENAMETOOLONG' }]);
  });

  it.each([
    ['deleted', (directory: string) => rmdir(directory)],
    ['moved away', (directory: string) => rename(directory, `${directory}-moved`)],
  ])('hears of what is in a folder that was %s and made again', async (_what, remove) => {
    await using bed = await Bed.create();
    const folder = bed.in('project');
    await mkdir(folder);
    bed.watcher.watch(folder);

    await remove(folder);
    await until(() => bed.watcher.size === 0);
    await mkdir(folder);
    const isWatchedAnew = bed.watcher.watch(folder);
    await writeFile(path.join(folder, 's.jsonl'), 'x');
    await bed.heardOf(path.join(folder, 's.jsonl'));

    expect(isWatchedAnew).toBe(true);
    expect(bed.changed.has(folder)).toBe(true);
  });

  it('hears of a file that is called like its folder', async () => {
    await using bed = await Bed.create();
    const folder = bed.in('same');
    await mkdir(folder);
    bed.watcher.watch(folder);

    await writeFile(path.join(folder, 'same'), 'x');
    await bed.heardOf(path.join(folder, 'same'));
    // The folder is to be watched anew, because it might have been the folder itself.
    await bed.heardOf(folder);

    expect(bed.watcher.watch(folder)).toBe(true);
  });
});
