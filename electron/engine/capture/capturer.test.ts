import { appendFile, chmod, link, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { until } from '../core/test-support/until.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { archiveName, expectSaved } from './test-support/expect-saved.ts';
import { asOrdinaryUser } from './test-support/ordinary-user.ts';
import { append, write } from './test-support/source-files.ts';
import { inotifyWatches } from './test-support/watch-handles.ts';

describe('Capturer', () => {
  it('reads what is there when it starts', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    await write(path.join(bed.root.directory, 'history.jsonl'), 'asked\n');
    await write(path.join(bed.projects, PROJECT, 'notes.md'), 'not ours');

    const capturer = bed.capturer();
    await capturer.start(new AbortController().signal);
    await expectSaved(bed, archiveName('s'), ['one']);
    await expectSaved(bed, 'claude-code/claude-1/history.jsonl', ['asked']);

    expect(Object.keys(await bed.archived()).sort()).toEqual(['history.jsonl', `projects/${PROJECT}/s.jsonl`]);
  });

  it('follows what is appended, by its event', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running();

    await append(bed.session('s'), 'two\n');
    await expectSaved(bed, archiveName('s'), ['one', 'two']);
    await append(bed.session('s'), 'three\n');
    await expectSaved(bed, archiveName('s'), ['one', 'two', 'three']);

    expect(capturer.facts).toMatchObject({ mode: 'events', hotFiles: 1, archiveFailing: false });
    expect(capturer.facts.lastEventAt).not.toBeNull();
  });

  it('has shown a sign of life just now although the clock was set a day ahead', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running();

    clock.advance(3000);
    clock.setBy(24 * 3_600_000);

    expect(clock.now() - (capturer.facts.lastBeatAt ?? 0)).toBeLessThanOrEqual(3000);
  });

  it('finds a file in a folder that was made at the same moment', async () => {
    await using bed = await CaptureBed.create();
    await mkdir(bed.projects, { recursive: true });
    await bed.running();

    const names = Array.from({ length: 20 }, (_, index) => `-home-ana-new-${index}`);
    await Promise.all(names.map((project) => write(bed.session('s', project), `in ${project}\n`)));

    for (const project of names) await expectSaved(bed, archiveName('s', project), [`in ${project}`]);
  });

  it('finds a file in folders that are nested and were made at the same moment', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    await bed.running();

    const sidecar = path.join(bed.projects, PROJECT, 's', 'subagents', 'deep', 'agent-1.jsonl');
    await write(sidecar, 'sub\n');

    await expectSaved(bed, `claude-code/claude-1/projects/${PROJECT}/s/subagents/deep/agent-1.jsonl`, ['sub']);
  });

  it('watches folders and no files', async () => {
    await using bed = await CaptureBed.create();
    const projects = ['a', 'b', 'c', 'd', 'e'];
    for (const project of projects) {
      for (let index = 0; index < 60; index += 1) await write(bed.session(`s${index}`, project), 'x\n');
    }
    const before = inotifyWatches();

    const capturer = await bed.running();
    const watches = inotifyWatches() - before;
    await capturer.stop();

    // The root, projects/ and one for each project.
    expect(watches).toBe(7);
    expect(capturer.facts.hotFiles).toBe(300);
    expect(inotifyWatches() - before).toBe(0);
  });

  it('does not watch folders of the agent that hold no transcripts, also when something happens there', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running();
    const before = capturer.facts.watchedDirectories;

    await write(path.join(bed.root.directory, 'plugins', 'cache', 'deep', 'x.jsonl'), 'not ours\n');
    await append(bed.session('s'), 'two\n');
    await expectSaved(bed, archiveName('s'), ['one', 'two']);

    expect(capturer.facts.watchedDirectories).toBe(before);
    expect(Object.keys(await bed.archived())).toEqual([`projects/${PROJECT}/s.jsonl`]);
  });

  it('hears again of a folder that was deleted and made again', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    await bed.running();

    await rm(path.dirname(bed.session('s')), { recursive: true });
    await write(bed.session('t'), 'anew\n');
    await expectSaved(bed, archiveName('t'), ['anew']);
    await write(bed.session('u'), 'later\n');
    await expectSaved(bed, archiveName('u'), ['later']);

    expect(bed.savedLines(archiveName('s'))).toEqual(['one']);
  });

  it('gives its watches back when it stops, also in the middle of its first reconcile', async () => {
    await using bed = await CaptureBed.create();
    for (let index = 0; index < 40; index += 1) await write(bed.session('s', `p${index}`), 'x\n');
    const before = inotifyWatches();
    const capturer = bed.capturer();

    await capturer.start(new AbortController().signal);
    await until(() => capturer.facts.watchedDirectories > 2);
    await capturer.stop();
    await capturer.stop();

    expect(inotifyWatches() - before).toBe(0);
    expect(capturer.facts.watchedDirectories).toBe(0);
  });

  it('starts again after it was stopped, and finds what was written meanwhile', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const capturer = await bed.running();
    await capturer.stop();
    await append(bed.session('s'), 'two\n');

    await capturer.start(new AbortController().signal);

    await expectSaved(bed, archiveName('s'), ['one', 'two']);
  });
});

describe('Capturer, when events are lost', () => {
  it('finds appends to a file it has seen lately by looking at it again and again', async () => {
    const clock = new ManualClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    const file = bed.session('s');
    // Written by another name in another folder, the file grows and its own folder hears nothing of it.
    const alias = path.join(bed.directory, 'alias');
    await write(alias, 'one\n');
    await mkdir(path.dirname(file), { recursive: true });
    await link(alias, file);
    const capturer = await bed.running({ hotPollMs: 1500 });
    await bed.commit();
    await until(() => capturer.facts.hotFiles === 1);
    const { lastReconcileAt } = capturer.facts;
    await appendFile(alias, 'two\n');

    clock.advance(1500);
    await expectSaved(bed, archiveName('s'), ['one', 'two']);

    expect(capturer.facts).toMatchObject({ lastReconcileAt, lastEventAt: null });
  });

  it('looks at everything when the machine has slept', async () => {
    const clock = new SleepyClock(Date.now());
    await using bed = await CaptureBed.create(clock);
    const capturer = await bed.running({ hotPollMs: 1500 });
    const { lastReconcileAt } = capturer.facts;
    await write(bed.session('s'), 'one\n');

    clock.advance(1500);
    const before = capturer.facts.lastReconcileAt;
    clock.sleptMs = 3_600_000;
    clock.advance(1500);
    await expectSaved(bed, archiveName('s'), ['one']);

    expect(before).toBe(lastReconcileAt);
  });

  it('says that it polls when a folder cannot be watched, until it can be', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s'), 'one\n');
    const folder = path.join(bed.projects, 'closed');
    await mkdir(folder);
    await asOrdinaryUser(bed.directory, async () => {
      await chmod(folder, 0o000);
      const capturer = await bed.running();
      const during = capturer.facts;
      await chmod(folder, 0o700);
      await capturer.reconcile({ thorough: false });

      expect(during.mode).toBe('polling');
      expect(during.skipped.get(folder)).toBe('EACCES');
      expect(capturer.facts).toMatchObject({ mode: 'events', skipped: new Map() });
    });
  });
});

/** Sleeps: the wall clock goes on, the monotonic one does not. */
class SleepyClock extends ManualClock {
  sleptMs = 0;

  override now(): number {
    return super.now() + this.sleptMs;
  }
}
