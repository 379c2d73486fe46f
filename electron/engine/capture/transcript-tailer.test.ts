import { open, rm, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { archiveName } from './test-support/expect-saved.ts';
import { append, write } from './test-support/source-files.ts';

const LINE = '{"type":"user"}\n';

/** As long ago as a last line without a newline is given to be finished, and more. */
async function age(file: string): Promise<void> {
  const longAgo = new Date(Date.now() - 120_000);
  await utimes(file, longAgo, longAgo);
}

describe('TranscriptTailer', () => {
  it('archives a new file as it is and hands over its lines', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');

    const outcome = await bed.follow(file);
    await bed.commit();

    expect(outcome).toBe('advanced');
    expect(await bed.archived()).toEqual({ [`projects/${PROJECT}/s.jsonl`]: 'one\ntwo\n' });
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two']);
    expect(bed.tracked(file)).toMatchObject({ state: 'live', archived: 8, committed: 8 });
  });

  it('hands over only what is new when lines are appended', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);
    await bed.commit();

    await append(file, 'two\nthree\n');
    const outcome = await bed.follow(file);
    const ranges = bed.outlet.segments.map(({ start, end }) => [start, end]);
    await bed.commit();

    expect(outcome).toBe('advanced');
    expect(ranges).toEqual([[4, 14]]);
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two', 'three']);
  });

  it('does nothing for a file that has not changed', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, LINE);
    await bed.follow(file);
    bed.outlet.segments.length = 0;

    expect(await bed.follow(file)).toBe('unchanged');
    expect(await bed.follow(file, true)).toBe('unchanged');
    expect(bed.outlet.segments).toEqual([]);
  });

  it('takes an empty file as one of which nothing is saved yet', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, '');

    const outcomes = [await bed.follow(file), await bed.follow(file)];
    await append(file, LINE);
    outcomes.push(await bed.follow(file));
    await bed.commit();

    expect(outcomes).toEqual(['advanced', 'unchanged', 'advanced']);
    expect(bed.savedLines(archiveName('s'))).toEqual(['{"type":"user"}']);
  });

  it('archives a half-written line at once, and hands it over once, when it is whole', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n{"half":');

    await bed.follow(file);
    const ranges = bed.outlet.segments.map(({ kind, start, end }) => [kind, start, end]);
    const archived = await bed.archivedText(archiveName('s'));
    await append(file, '"whole"}\nthree\n');
    await bed.follow(file);
    await bed.commit();

    expect(archived).toBe('one\n{"half":');
    expect(ranges).toEqual([['lines', 0, 4]]);
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', '{"half":"whole"}', 'three']);
  });

  it('hands over a last line without a newline when the file has been quiet for long, once', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo');
    await age(file);

    await bed.follow(file);
    await bed.follow(file);
    const kinds = bed.outlet.segments.map((segment) => segment.kind);
    await bed.commit();

    expect(kinds).toEqual(['lines', 'tail']);
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', '~two']);
  });

  it('hands over a last line without a newline when it becomes quiet without a change', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    const file = bed.session('s');
    await write(file, 'one\ntwo');
    await bed.follow(file);
    const before = bed.outlet.segments.map((segment) => segment.kind);

    clock.advance(61_000);
    const outcome = await bed.follow(file);

    expect(before).toEqual(['lines']);
    expect(outcome).toBe('unchanged');
    expect(bed.outlet.segments.map((segment) => segment.kind)).toEqual(['lines', 'tail']);
  });

  it('hands over a last line without a newline although its file was written before the clock was set back', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    const file = bed.session('s');
    await write(file, 'one\ntwo');
    await bed.follow(file);

    clock.setBy(-24 * 3_600_000);
    await bed.follow(file);

    expect(bed.outlet.segments.map((segment) => segment.kind)).toEqual(['lines', 'tail']);
  });

  it('saves a line once that was handed over unfinished and is finished after all', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntw');
    await age(file);
    await bed.follow(file);
    await bed.commit();
    const unfinished = [...bed.savedLines(archiveName('s'))];

    await append(file, 'o\n');
    await bed.follow(file);
    await bed.commit();

    expect(unfinished).toEqual(['one', '~tw']);
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two']);
  });

  it('hands over a blob as a whole each time it has grown', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s').replace('s.jsonl', 's/tool-results/r.txt');
    await write(file, 'a\nb');
    await bed.follow(file);
    await append(file, '\nc\n');
    await bed.follow(file);

    expect(bed.outlet.segments.map(({ kind, start, end }) => [kind, start, end])).toEqual([
      ['blob', 0, 3],
      ['blob', 0, 6],
    ]);
    await bed.commit();
  });

  it.each([
    ['shorter', 'one\n'],
    ['of the same size', 'xxx\nyyy\n'],
    ['longer', 'xxx\nyyy\nzzz\n'],
    ['empty', ''],
  ])('tells that a file was replaced by one that is %s', async (_what, content) => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    await bed.follow(file);

    await write(file, content);

    expect(await bed.follow(file)).toBe('replaced');
    expect(await bed.archivedText(archiveName('s'))).toBe('one\ntwo\n');
  });

  it('notices a rewrite of the same size whose modification time was put back', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    const then = new Date(1_700_000_000_000);
    await write(file, 'one\n');
    await utimes(file, then, then);
    await bed.follow(file);

    await writeFile(file, 'two\n');
    await utimes(file, then, then);

    expect(await bed.follow(file)).toBe('replaced');
  });

  it('goes on with a file that was rewritten with the same beginning', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    await bed.follow(file);

    await rm(file);
    await write(file, 'one\ntwo\nthree\n');
    const outcome = await bed.follow(file);
    await bed.commit();

    expect(outcome).toBe('advanced');
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two', 'three']);
  });

  it('finds a change between head and end when it looks thoroughly', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    const lines = Array.from({ length: 3000 }, (_, index) => `line ${index}\n`);
    await write(file, lines.join(''));
    await bed.follow(file);
    await writeFile(file, lines.with(1500, 'LINE 1500\n').join(''));

    expect(await bed.follow(file)).toBe('unchanged');
    expect(await bed.follow(file, true)).toBe('replaced');
  });

  it('keeps what it has of a file that is deleted, and hands its last line over', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo');
    await bed.follow(file);

    await rm(file);
    const outcomes = [await bed.follow(file), await bed.follow(file)];
    await bed.commit();

    expect(outcomes).toEqual(['missing', 'missing']);
    expect(bed.tracked(file).state).toBe('missing');
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', '~two']);
  });

  it('hands over what was archived and not committed of a file that was deleted meanwhile', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    await bed.follow(file);
    await rm(file);
    await bed.restart();

    const outcome = await bed.follow(file);
    await bed.commit();

    expect(outcome).toBe('missing');
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two']);
  });

  it('goes on with a file that comes back as it was', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);
    await rm(file);
    await bed.follow(file);

    await write(file, 'one\ntwo\n');
    const outcome = await bed.follow(file);
    await bed.commit();

    expect(outcome).toBe('advanced');
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two']);
  });

  it('hands over what is written through a handle that was opened before', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    const handle = await open(file, 'a');
    await bed.follow(file);

    await handle.write('two\n');
    await bed.follow(file);
    await handle.close();
    await bed.commit();

    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two']);
  });
});
