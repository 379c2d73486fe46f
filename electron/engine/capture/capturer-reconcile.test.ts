import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { until } from '../core/test-support/until.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { archiveName, expectSaved } from './test-support/expect-saved.ts';
import { append, write } from './test-support/source-files.ts';

describe('Capturer, asked to look at everything', () => {
  it('says what became of it', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('a'), 'one\n');
    await write(bed.session('b'), 'two\n');
    const capturer = await bed.running({ watches: false });
    await append(bed.session('b'), 'three\n');
    await write(bed.session('c'), 'four\n');
    await symlink('/etc/hostname', bed.session('link'));

    const result = await capturer.reconcile({ thorough: false });

    expect(result).toEqual({
      files: 3,
      advanced: 2,
      unchanged: 1,
      failures: [{ path: bed.session('link'), reason: 'a link' }],
    });
  });

  it('names a path that cannot be read once, when it was a transcript before', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('a'), 'one\n');
    const capturer = await bed.running({ watches: false });
    await rm(bed.session('a'));
    await symlink('/etc/hostname', bed.session('a'));

    const { failures } = await capturer.reconcile({ thorough: false });

    expect(failures).toEqual([{ path: bed.session('a'), reason: 'not a regular file' }]);
  });

  it('looks only below the folders it is given', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('a', 'one'), 'x\n');
    await write(bed.session('a', 'one-more'), 'x\n');
    const capturer = bed.capturer({ watches: false });
    await capturer.start(new AbortController().signal);

    const result = await capturer.reconcile({ thorough: false, paths: [path.join(bed.projects, 'one')] });

    expect(result.files).toBe(1);
    expect(Object.keys(await bed.archived())).toEqual(['projects/one/a.jsonl']);
  });

  it('reports every file although events walk through folders meanwhile', async () => {
    await using bed = await CaptureBed.create();
    for (let index = 0; index < 60; index += 1) await write(bed.session('s', `p${index}`), 'x\n');
    const capturer = await bed.running();

    const reconciling = capturer.reconcile({ thorough: false });
    const walking = until(() => {
      capturer.touch(path.join(bed.projects, 'p0'));
      return capturer.facts.lastReconcileAt !== null;
    });
    const scanning = capturer.scan();
    const [result, scanned] = [await reconciling, await scanning];
    await walking;

    expect(result.files).toBe(60);
    expect(scanned.length).toBe(60);
  });

  it('does one after the other when several ask, and each gets its answer', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = bed.capturer({ watches: false });
    await capturer.start(new AbortController().signal);

    const results = await Promise.all([
      capturer.reconcile({ thorough: false }),
      capturer.reconcile({ thorough: true }),
      capturer.reconcile({ thorough: false }),
    ]);

    expect(results.map((result) => result.advanced)).toEqual([1, 0, 0]);
  });

  it('is not kept from the transcripts by an archive that cannot be described', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = bed.capturer({
      watches: false,
      describeRoot: () => Promise.reject(new Error('no space')),
    });
    await capturer.start(new AbortController().signal);

    const result = await capturer.reconcile({ thorough: false });

    expect(result.advanced).toBe(1);
  });

  it('writes down in the archive which folder was recorded', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');

    await bed.running({ watches: false });

    const text = await readFile(path.join(bed.archiveDirectory, 'claude-code', 'claude-1', 'root.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({ agent: 'claude-code', root: bed.root.directory });
  });
});

describe('Capturer, with roots that come and go', () => {
  it('names a root that is not there, and finds it when it appears', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    const capturer = await bed.running({ hotPollMs: 1e9, reconcileMs: 120_000 });
    const before = capturer.facts.missingRoots;

    await write(bed.session('s'), 'one\n');
    clock.advance(120_000);
    await expectSaved(bed, archiveName('s'), ['one']);
    await append(bed.session('s'), 'two\n');
    await expectSaved(bed, archiveName('s'), ['one', 'two']);

    expect(before).toEqual([bed.root.directory]);
    expect(capturer.facts.missingRoots).toEqual([]);
  });

  it('notices at once that projects/ is made in a root that was there', async () => {
    await using bed = await CaptureBed.create();
    await mkdir(bed.root.directory, { recursive: true });
    await bed.running();

    await write(bed.session('s'), 'one\n');

    await expectSaved(bed, archiveName('s'), ['one']);
  });

  it('keeps what it has when a root goes away', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running();
    await bed.commit();

    await rm(bed.root.directory, { recursive: true });
    const result = await capturer.reconcile({ thorough: false });

    expect(capturer.facts.missingRoots).toEqual([bed.root.directory]);
    expect(result.failures).toEqual([]);
    expect(await bed.archivedText(archiveName('s'))).toBe('one\n');
    expect(bed.tracked(bed.session('s')).state).toBe('missing');
  });

  it('goes on in the same generation when a root that was not configured is added', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const first = await bed.running({ watches: false });
    await bed.commit();
    await first.stop();
    await bed.restart([]);

    bed.registry.addRoot(bed.root);
    await append(bed.session('s'), 'two\n');
    await bed.running({ watches: false });
    await bed.commit();

    expect(Object.keys(await bed.archived())).toEqual([`projects/${PROJECT}/s.jsonl`]);
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two']);
  });
});

describe('Capturer, paused', () => {
  it('reads nothing, and afterwards everything that was written', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running();
    await bed.commit();

    capturer.paused = true;
    await append(bed.session('s'), 'two\n');
    await write(bed.session('t'), 'new\n');
    const paused = await capturer.reconcile({ thorough: false });
    const during = await bed.archived();
    capturer.paused = false;
    await expectSaved(bed, archiveName('s'), ['one', 'two']);
    await expectSaved(bed, archiveName('t'), ['new']);

    expect(paused.advanced).toBe(0);
    expect(during).toEqual({ [`projects/${PROJECT}/s.jsonl`]: 'one\n' });
  });

  it('finds what a reconcile has passed over during a pause that ended before it did', async () => {
    await using bed = await CaptureBed.create();
    for (let index = 0; index < 30; index += 1) await write(bed.session(`s${index}`), 'x\n');
    const capturer = bed.capturer();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    bed.outlet.beforeAppend = async () => {
      bed.outlet.beforeAppend = () => Promise.resolve();
      capturer.paused = true;
      await held;
    };
    await capturer.start(new AbortController().signal);

    // Four looks are under way: one is held up, three come to their end; all others are passed over.
    await until(() => bed.outlet.segments.length === 3);
    await new Promise(setImmediate);
    capturer.paused = false;
    release();

    await until(async () => Object.keys(await bed.archived()).length === 30);
    expect(capturer.paused).toBe(false);
  });
});
