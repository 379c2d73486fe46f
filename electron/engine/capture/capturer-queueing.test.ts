import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { until } from '../core/test-support/until.ts';
import { StreamError } from '../core/errors.ts';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { append, write } from './test-support/source-files.ts';

const ARCHIVE_PATH = `claude-code/claude-1/projects/${PROJECT}/s.jsonl`;

describe('Capturer, asked to queue again', () => {
  it('hands over one file from its committed position', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    await write(bed.session('other'), 'x\n');
    const capturer = await bed.running({ watches: false });
    await bed.commit();
    await append(bed.session('s'), 'two\n');
    await capturer.reconcile({ thorough: false });
    bed.outlet.segments.length = 0;

    capturer.requeue(ARCHIVE_PATH);
    await until(() => bed.outlet.segments.length > 0);

    expect(bed.outlet.segments.map(({ archivePath, start }) => [archivePath, start])).toEqual([[ARCHIVE_PATH, 4]]);
  });

  it('hands over every file that is not committed, of sources that are gone and of old generations as well', async () => {
    await using bed = await CaptureBed.create();
    for (const name of ['live', 'gone', 'replaced', 'committed']) await write(bed.session(name), `${name}\n`);
    const capturer = await bed.running({ watches: false });
    const last = bed.outlet.segments.findIndex((segment) => segment.archivePath.includes('/committed.'));
    const committed = bed.outlet.segments.splice(last, 1);
    bed.outlet.segments.splice(0, Infinity, ...committed);
    await bed.commit();
    await rm(bed.session('gone'));
    await write(bed.session('replaced'), 'other\n');
    await capturer.reconcile({ thorough: false });
    bed.outlet.segments.length = 0;

    capturer.requeue(null);
    await until(() => bed.outlet.segments.length >= 4);
    await capturer.stop();

    expect(bed.outlet.segments.map((segment) => segment.archivePath.split('/').slice(2).join('/')).sort()).toEqual([
      `projects/${PROJECT}/gone.jsonl`,
      `projects/${PROJECT}/live.jsonl`,
      `projects/${PROJECT}/replaced.jsonl`,
      `~2/projects/${PROJECT}/replaced.jsonl`,
    ]);
  });

  it('does nothing for a file that nobody knows', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running({ watches: false });
    bed.outlet.segments.length = 0;

    capturer.requeue('claude-code/claude-1/projects/nobody/x.jsonl');
    await capturer.reconcile({ thorough: false });

    expect(bed.outlet.segments).toEqual([]);
  });

  it('hands over what the queue has lost, when nothing of it was committed for long', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\ntwo\n');
    const capturer = await bed.running({ watches: false });
    bed.outlet.segments.length = 0;

    await capturer.reconcile({ thorough: false });
    clock.advance(10_000);
    await capturer.reconcile({ thorough: false });
    const soon = [...bed.outlet.segments];
    clock.advance(30_000);
    await capturer.reconcile({ thorough: false });
    await bed.commit();

    expect(soon).toEqual([]);
    expect(bed.savedLines(ARCHIVE_PATH)).toEqual(['one', 'two']);
  });

  it('notices by its poll what the queue has lost, between two reconciles', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\ntwo\n');
    const capturer = await bed.running({ hotPollMs: 1500 });
    const { lastReconcileAt } = capturer.facts;
    bed.outlet.segments.length = 0;

    for (let passed = 0; passed <= 45_000; passed += 1500) clock.advance(1500);
    await until(() => bed.outlet.segments.length > 0);
    await bed.commit();

    expect(bed.savedLines(ARCHIVE_PATH)).toEqual(['one', 'two']);
    expect(capturer.facts.lastReconcileAt).toBe(lastReconcileAt);
  });

  it('takes nothing for lost while saving stands still as a whole, and counts anew afterwards', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\n');
    let isMoving = false;
    const capturer = await bed.running({ watches: false, queueMoves: () => isMoving });
    bed.outlet.segments.length = 0;

    for (let round = 0; round < 3; round += 1) {
      clock.advance(60_000);
      await capturer.reconcile({ thorough: false });
    }
    isMoving = true;
    await capturer.reconcile({ thorough: false });
    clock.advance(20_000);
    await capturer.reconcile({ thorough: false });
    const soon = bed.outlet.segments.length;
    clock.advance(20_000);
    await capturer.reconcile({ thorough: false });

    expect(soon).toBe(0);
    expect(bed.outlet.segments.length).toBe(1);
  });

  it('hands nothing over again while a file is being committed', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running({ watches: false });

    for (let round = 0; round < 3; round += 1) {
      clock.advance(40_000);
      await bed.commit();
      await append(bed.session('s'), `round ${round}\n`);
      await capturer.reconcile({ thorough: false });
    }

    expect(bed.outlet.segments.length).toBe(1);
  });
});

describe('Capturer, when something fails', () => {
  it('tries again by itself when the archive could not be written', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\n');
    await rename(bed.archiveDirectory, `${bed.archiveDirectory}-away`);
    await writeFile(bed.archiveDirectory, 'in the way');
    const capturer = await bed.running({ watches: false });
    const failing = capturer.facts.archiveFailing;

    await rm(bed.archiveDirectory);
    await mkdir(bed.archiveDirectory);
    clock.advance(5000);
    await until(() => bed.outlet.segments.length > 0);
    await bed.commit();

    expect(failing).toBe(true);
    await until(() => !capturer.facts.archiveFailing);
    expect(bed.savedLines(ARCHIVE_PATH)).toEqual(['one']);
  });

  it('hands over what the queue has refused for good, the next time', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\n');
    bed.outlet.failure = new StreamError('STREAM_UNAVAILABLE', 'WRONGTYPE');
    await bed.running({ watches: false });

    bed.outlet.failure = null;
    clock.advance(5000);
    await until(() => bed.outlet.segments.length > 0);
    await bed.commit();

    expect(bed.savedLines(ARCHIVE_PATH)).toEqual(['one']);
  });

  it('leaves nothing waiting behind when it is stopped after a failure', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\n');
    bed.outlet.failure = new StreamError('STREAM_UNAVAILABLE', 'WRONGTYPE');
    const capturer = await bed.running({ watches: false });
    const waiting = clock.sleeping.length;

    await capturer.stop();

    expect(waiting).toBe(1);
    expect(clock.sleeping).toEqual([]);
  });
});
