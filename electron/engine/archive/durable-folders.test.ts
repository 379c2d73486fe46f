import { describe, expect, it, vi } from 'vitest';
import { DurableFolders } from './durable-folders.ts';

const synced: string[] = [];

vi.mock('../core/atomic-file.ts', () => ({
  syncDirectory: (directory: string) => {
    synced.push(directory);
    return Promise.resolve();
  },
}));

describe('DurableFolders', () => {
  it('makes every name up to the root durable once, and a further new name by its folder alone', async () => {
    synced.length = 0;
    const folders = new DurableFolders('/data/archive');
    folders.noteNew('/data/archive/agent/one');
    await folders.settle('/data/archive/agent/one');
    const first = synced.splice(0);
    folders.noteNew('/data/archive/agent/two');
    await folders.settle('/data/archive/agent/two');
    const second = synced.splice(0);
    await folders.settle('/data/archive/agent/one');

    expect(first).toEqual(['/data/archive/agent', '/data/archive', '/data']);
    expect(second).toEqual(['/data/archive/agent']);
    expect(synced).toEqual([]);
  });

  it('makes the name durable that an attempt left behind which came to nothing', async () => {
    synced.length = 0;
    const folders = new DurableFolders('/data/archive');
    await folders.settle('/data/archive/agent/one');
    synced.length = 0;

    // Made, but the disk was full: nothing was synced. The next attempt finds the file there.
    folders.noteNew('/data/archive/agent/two');
    await folders.settle('/data/archive/agent/two');

    expect(synced).toEqual(['/data/archive/agent']);
  });
});
