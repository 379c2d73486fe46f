import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../core/test-support/until.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { append, write } from './test-support/source-files.ts';

const FIRST = `projects/${PROJECT}/s.jsonl`;
const SECOND = `~2/${FIRST}`;

function inArchive(relativePath: string): string {
  return `claude-code/claude-1/${relativePath}`;
}

describe('Capturer, when a transcript is not what it was', () => {
  it.each([
    ['cut off', 'one\n'],
    ['emptied', ''],
    ['written anew', 'other\n'],
  ])('keeps what it has of a file that is %s, and follows a new generation', async (_what, content) => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\ntwo\n');
    const capturer = await bed.running({ watches: false });

    await write(bed.session('s'), content);
    await capturer.reconcile({ thorough: false });
    await append(bed.session('s'), 'later\n');
    await capturer.reconcile({ thorough: false });
    await bed.commit();

    expect(await bed.archived()).toEqual({ [FIRST]: 'one\ntwo\n', [SECOND]: `${content}later\n` });
    expect(bed.savedLines(inArchive(FIRST))).toEqual(['one', 'two']);
    expect(bed.savedLines(inArchive(SECOND))).toEqual(`${content}later`.split('\n'));
  });

  it('saves the last line of the old generation, which nobody will finish', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\ntwo');
    const capturer = await bed.running({ watches: false });

    await write(bed.session('s'), 'other\n');
    await capturer.reconcile({ thorough: false });
    await bed.commit();

    expect(bed.savedLines(inArchive(FIRST))).toEqual(['one', '~two']);
  });

  it('hands over old generations that were not committed before a restart', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\ntwo');
    const first = await bed.running({ watches: false });
    await write(bed.session('s'), 'other\n');
    await first.reconcile({ thorough: false });
    await first.stop();
    await bed.restart();

    await bed.running({ watches: false });
    await bed.commit();

    expect(bed.savedLines(inArchive(FIRST))).toEqual(['one', '~two']);
    expect(bed.savedLines(inArchive(SECOND))).toEqual(['other']);
  });

  it('keeps both when the middle of a file was changed, as a thorough look finds out', async () => {
    await using bed = await CaptureBed.create();
    const lines = Array.from({ length: 2000 }, (_, index) => `{"line":${index}}\n`);
    await write(bed.session('s'), lines.join(''));
    const first = await bed.running({ watches: false });
    await bed.commit();
    await first.stop();
    await bed.restart();
    await write(bed.session('s'), lines.with(1000, '{"line":XXXX}\n').join(''));

    const capturer = await bed.running({ watches: false });
    const quick = Object.keys(await bed.archived());
    await capturer.reconcile({ thorough: true });

    expect(quick).toEqual([FIRST]);
    expect(Object.keys(await bed.archived()).sort()).toEqual([FIRST, SECOND]);
  });

  it('goes on in the generation it has after a restart, not in the first one', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\ntwo\n');
    const first = await bed.running({ watches: false });
    await write(bed.session('s'), 'other\n');
    await first.reconcile({ thorough: false });
    await bed.commit();
    await first.stop();
    await bed.restart();

    await append(bed.session('s'), 'later\n');
    await bed.running({ watches: false });
    await bed.commit();

    expect(Object.keys(await bed.archived()).sort()).toEqual([FIRST, SECOND]);
    expect(bed.savedLines(inArchive(SECOND))).toEqual(['other', 'later']);
  });
});

describe('Capturer, when a transcript is renamed', () => {
  it('goes on in the same generation, found by a reconcile', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running({ watches: false });

    await rename(bed.session('s'), bed.session('renamed'));
    await append(bed.session('renamed'), 'two\n');
    await capturer.reconcile({ thorough: false });
    await bed.commit();

    expect(await bed.archived()).toEqual({ [FIRST]: 'one\ntwo\n' });
    expect(bed.savedLines(inArchive(FIRST))).toEqual(['one', 'two']);
    expect(bed.registry.get(inArchive(FIRST))?.sourcePath).toBe(bed.session('renamed'));
    expect(bed.registry.totals().files).toBe(1);
  });

  it('goes on in the same generation, told by events of both names in any order', async () => {
    await using bed = await CaptureBed.create();
    await mkdir(bed.projects, { recursive: true });
    await bed.running();
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    for (const name of names) await write(bed.session(name), `${name}\n`);
    await until(async () => Object.keys(await bed.archived()).length === 10);
    await until(() => names.every((name) => bed.tracked(bed.session(name)).mark !== null));

    for (const name of names) await rename(bed.session(name), bed.session(`${name}-renamed`));
    for (const name of names) await append(bed.session(`${name}-renamed`), 'more\n');
    await until(async () => Object.values(await bed.archived()).every((text) => text.endsWith('more\n')));

    expect(Object.keys(await bed.archived()).sort()).toEqual(names.map((name) => `projects/${PROJECT}/${name}.jsonl`));
  });

  it('goes on in the same generation when its folder is renamed', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s', 'before'), 'one\n');
    const capturer = await bed.running({ watches: false });

    await rename(path.join(bed.projects, 'before'), path.join(bed.projects, 'after'));
    await append(bed.session('s', 'after'), 'two\n');
    await capturer.reconcile({ thorough: false });

    expect(await bed.archived()).toEqual({ 'projects/before/s.jsonl': 'one\ntwo\n' });
  });

  it('keeps the old name and the new one apart when a new file takes the old name', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running({ watches: false });

    await rename(bed.session('s'), bed.session('old'));
    await write(bed.session('s'), 'new\n');
    await capturer.reconcile({ thorough: false });
    await bed.commit();

    const texts = Object.values(await bed.archived()).sort();
    expect(texts.filter((text) => text === 'new\n').length).toBe(1);
    expect(texts.filter((text) => text === 'one\n').length).toBeGreaterThan(0);
  });

  it('does not take a new conversation for the continuation of a deleted one whose inode it got', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('deleted'), 'first conversation\n');
    const capturer = await bed.running({ watches: false });

    // On most file systems the next file gets the inode that has just become free; here it surely does.
    await rename(bed.session('deleted'), bed.session('new'));
    await write(bed.session('new'), 'second conversation, and longer\n');
    await capturer.reconcile({ thorough: false });

    expect(await bed.archived()).toEqual({
      [`projects/${PROJECT}/deleted.jsonl`]: 'first conversation\n',
      [`projects/${PROJECT}/new.jsonl`]: 'second conversation, and longer\n',
    });
  });

  it('names a new generation after the name that the file has by then', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running({ watches: false });
    await rename(bed.session('s'), bed.session('renamed'));
    await capturer.reconcile({ thorough: false });

    await write(bed.session('renamed'), 'other\n');
    await capturer.reconcile({ thorough: false });

    expect(await bed.archived()).toEqual({
      [FIRST]: 'one\n',
      [`~2/projects/${PROJECT}/renamed.jsonl`]: 'other\n',
    });
  });

  it('takes two files with the same beginning as two', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running({ watches: false });

    await write(bed.session('fork'), 'one\ntwo\n');
    await capturer.reconcile({ thorough: false });
    await rm(bed.session('s'));
    await write(bed.session('copy'), 'one\nthree\n');
    await capturer.reconcile({ thorough: false });

    const archived = await bed.archived();
    expect(archived[`projects/${PROJECT}/fork.jsonl`]).toBe('one\ntwo\n');
    expect(Object.values(archived)).toContain('one\nthree\n');
  });
});
