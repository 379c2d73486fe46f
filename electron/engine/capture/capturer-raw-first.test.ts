import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { until } from '../core/test-support/until.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { archiveName, expectSaved } from './test-support/expect-saved.ts';
import { TranscriptTailer } from './transcript-tailer.ts';
import { append, write } from './test-support/source-files.ts';

const NAMES = Array.from({ length: 12 }, (_, index) => `s${String(index)}`);

describe('Capturer, while saving stands still', () => {
  it('archives everything all the same, and hands it over when there is room', async () => {
    await using bed = await CaptureBed.create();
    bed.outlet.most = 0;
    for (const name of NAMES) await write(bed.session(name), `${name} one\n`);

    const capturer = await bed.running({ watches: false });
    for (const name of NAMES) await append(bed.session(name), `${name} two\n`);
    await capturer.reconcile({ thorough: false });
    const archived = await bed.archived();
    const queued = bed.outlet.segments.length;
    const { committableBytes, committedBytes } = bed.registry.totals();
    bed.outlet.most = Infinity;

    expect(Object.keys(archived).length).toBe(NAMES.length);
    expect(Object.values(archived).every((text) => text.endsWith(' two\n'))).toBe(true);
    expect(queued).toBe(0);
    expect(committableBytes - committedBytes).toBe(Object.values(archived).join('').length);
    for (const name of NAMES) await expectSaved(bed, archiveName(name), [`${name} one`, `${name} two`]);
  });

  it('begins where the room ended, and not again from the start', async () => {
    await using bed = await CaptureBed.create();
    const lines = Array.from({ length: 40 }, (_, index) => String(index % 10).repeat(999_999));
    await write(bed.session('long'), lines.map((line) => `${line}\n`).join(''));
    bed.outlet.most = 1;

    await bed.running({ watches: false });
    const first = bed.outlet.segments.at(-1)?.end ?? 0;
    for (const room of [1, 2]) {
      bed.outlet.most = room;
      await until(() => bed.outlet.most <= 0);
    }
    bed.outlet.most = Infinity;
    await until(() => bed.outlet.segments.at(-1)?.end === 40_000_000);

    const starts = bed.outlet.segments.map(({ start }) => start);
    expect(first).toBeLessThan(10_000_000);
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
    await expectSaved(bed, archiveName('long'), lines);
  });

  it('shows a hot conversation before an import that waits as well', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('live'), 'hello\n');
    const capturer = await bed.running({ watches: false });
    await bed.commit();
    bed.outlet.most = 0;
    for (const name of NAMES) await write(bed.session(name), `${name}\n`);
    await append(bed.session('live'), 'again\n');
    await capturer.reconcile({ thorough: false });
    // Whoever waits for room has taken nothing yet: the order is that of the moment when there is some.
    bed.outlet.most = Infinity;

    await until(() => bed.outlet.segments.length > NAMES.length);

    // Four are handed over side by side.
    const first = bed.outlet.segments.slice(0, 4).map(({ archivePath }) => archivePath);
    expect(first).toContain(archiveName('live'));
  });

  it('hands over a blob and the unfinished end of a generation that is past', async () => {
    await using bed = await CaptureBed.create();
    bed.outlet.most = 0;
    const blob = path.join(bed.projects, PROJECT, 's', 'tool-results', 'out.txt');
    await write(blob, 'a result');
    await write(bed.session('s'), 'one\nunfini');
    const capturer = await bed.running({ watches: false });
    await write(bed.session('s'), 'other\n');
    await append(blob, ', longer');
    await capturer.reconcile({ thorough: false });

    bed.outlet.most = Infinity;

    await expectSaved(bed, archiveName('s'), ['one', '~unfini']);
    await until(async () => {
      await bed.commit();
      return bed.savedLines(`claude-code/claude-1/projects/${PROJECT}/s/tool-results/out.txt`).length > 0;
    });
    expect(bed.savedLines(`claude-code/claude-1/projects/${PROJECT}/s/tool-results/out.txt`)).toEqual([
      'a result, longer',
    ]);
  });

  it('ends at once although files wait for room', async () => {
    await using bed = await CaptureBed.create();
    bed.outlet.most = 0;
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running({ watches: false });

    await capturer.stop();

    expect(bed.outlet.segments).toEqual([]);
  });
});

describe('Capturer, held', () => {
  it('reads nothing, keeps its positions, and goes on by itself', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running();
    await bed.commit();

    capturer.held = true;
    await append(bed.session('s'), 'two\n');
    await write(bed.session('new'), 'new\n');
    await capturer.reconcile({ thorough: false });
    const meanwhile = await bed.archived();
    capturer.held = false;

    expect(Object.values(meanwhile)).toEqual(['one\n']);
    await expectSaved(bed, archiveName('s'), ['one', 'two']);
    await expectSaved(bed, archiveName('new'), ['new']);
  });

  it('ends a long copy where it is, and goes on from there', async () => {
    await using bed = await CaptureBed.create();
    const lines = Array.from({ length: 12 }, (_, index) => String(index % 10).repeat(999_999));
    const file = bed.session('long');
    await write(file, lines.map((line) => `${line}\n`).join(''));
    let chunks = 0;
    const full = new TranscriptTailer({
      archive: bed.archive,
      outlet: bed.outlet,
      clock: new ManualClock(),
      isHeld: () => (chunks += 1) > 3,
    });

    await full.follow(bed.tracked(file), false);
    const { archived } = bed.tracked(file);
    await bed.follow(file);
    await bed.commit();

    expect(archived).toBe(3 * 1024 * 1024);
    expect(bed.savedLines(archiveName('long'))).toEqual(lines);
  });

  it('stays at rest until the pause and the hold are both over', async () => {
    await using bed = await CaptureBed.create();
    const capturer = await bed.running();
    capturer.held = true;
    capturer.paused = true;
    await write(bed.session('s'), 'one\n');

    capturer.held = false;
    await capturer.reconcile({ thorough: false });
    const paused = await bed.archived();
    capturer.paused = false;

    expect(paused).toEqual({});
    await expectSaved(bed, archiveName('s'), ['one']);
  });
});

describe('Capturer, of which the archive takes one file and not another', () => {
  it('goes on saying that it fails until the last one is archived', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    const errors: unknown[] = [];
    await write(bed.session('good'), 'one\n');
    const capturer = await bed.running({ watches: false, onArchiveError: (error) => errors.push(error) });
    const inTheWay = path.join(bed.archiveDirectory, 'claude-code', 'claude-1', 'projects', '-other');
    await writeFile(inTheWay, 'a file in the place of a folder');

    await write(bed.session('bad', '-other'), 'two\n');
    await capturer.reconcile({ thorough: false });
    await append(bed.session('good'), 'more\n');
    const { advanced } = await capturer.reconcile({ thorough: false });
    const failing = capturer.facts.archiveFailing;
    await rm(inTheWay);
    await mkdir(inTheWay);
    clock.advance(5000);
    await until(() => !capturer.facts.archiveFailing);

    expect([advanced, failing]).toEqual([1, true]);
    expect(errors[0]).toMatchObject({ code: 'ARCHIVE_UNAVAILABLE' });
    expect((await stat(path.join(inTheWay, 'bad.jsonl'))).size).toBe(4);
  });

  it('does not take a queue that refuses for an archive that fails', async () => {
    await using bed = await CaptureBed.create(new ManualClock(Date.now()));
    bed.outlet.most = 0;
    await write(bed.session('s'), 'one\n');

    const capturer = await bed.running({ watches: false });

    expect(capturer.facts.archiveFailing).toBe(false);
    expect(Object.values(await bed.archived())).toEqual(['one\n']);
  });
});
