import { appendFileSync, readFileSync } from 'node:fs';
import { open, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { archivePathOf } from '../archive/archive-path.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { append, write } from './test-support/source-files.ts';
import { demandHandOver } from './tracked-file.ts';
import { TranscriptTailer, type SegmentOutlet } from './transcript-tailer.ts';

const LINE = '{"type":"user"}\n';

function archiveName(name: string, generation = 1): string {
  const relativePath = `projects/${PROJECT}/${name}.jsonl`;
  return archivePathOf({ agent: 'claude-code', rootKey: 'claude-1', generation, relativePath });
}

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

  it('hands over again after a crash between archive and queue', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\nthr');
    await bed.follow(file);
    await bed.restart();

    const outcome = await bed.follow(file);
    await append(file, 'ee\n');
    await bed.follow(file);
    await bed.commit();

    expect(outcome).toBe('unchanged');
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two', 'three']);
  });

  it('hands over again after a crash between queue and commit, from the committed position', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    await bed.follow(file);
    await bed.commit();
    await append(file, 'three\n');
    await bed.follow(file);
    await bed.restart();

    await bed.follow(file);
    const ranges = bed.outlet.segments.map(({ start, end }) => [start, end]);
    await bed.commit();

    expect(ranges).toEqual([[8, 14]]);
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', 'two', 'three']);
  });

  it('delivers a line once when the file grows during the read', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    const big = `${'x'.repeat(999_999)}\n`.repeat(12);
    await write(file, big);
    let grown = 0;
    const tailer = new TranscriptTailer({
      archive: {
        read: (archivePath, start, end) => bed.archive.read(archivePath, start, end),
        openWriter: async (archivePath) => {
          const writer = await bed.archive.openWriter(archivePath);
          return {
            get position() {
              return writer.position;
            },
            append: async (bytes) => {
              await writer.append(bytes);
              if ((grown += 1) <= 3) appendFileSync(file, `late ${grown}\n`);
            },
            sync: () => writer.sync(),
            close: () => writer.close(),
          };
        },
      },
      outlet: bed.outlet,
      clock: new ManualClock(),
    });

    await tailer.follow(bed.tracked(file), false);
    await bed.follow(file);
    await bed.commit();

    expect(bed.savedLines(archiveName('s')).map((line) => line.slice(0, 6))).toEqual([
      ...Array.from({ length: 12 }, () => 'xxxxxx'),
      'late 1',
      'late 2',
      'late 3',
    ]);
    expect(await bed.archivedText(archiveName('s'))).toBe(readFileSync(file, 'utf8'));
  });

  it('holds no more than one chunk of a line that is as long as the file', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, '');
    // Sparse: its size is what counts here.
    await truncate(file, 100 * 1024 * 1024);
    const sizes: number[] = [];
    const synced: number[] = [];
    const tailer = new TranscriptTailer({
      archive: {
        read: (archivePath, start, end) => {
          sizes.push(end - start);
          return bed.archive.read(archivePath, start, end);
        },
        openWriter: () => {
          let position = 0;
          return Promise.resolve({
            get position() {
              return position;
            },
            append: (bytes: Buffer) => {
              sizes.push(bytes.length);
              position += bytes.length;
              return Promise.resolve();
            },
            sync: () => {
              synced.push(position);
              return Promise.resolve();
            },
            close: () => Promise.resolve(),
          });
        },
      },
      outlet: bed.outlet,
      clock: new ManualClock(),
    });
    const before = process.memoryUsage().arrayBuffers;

    await tailer.follow(bed.tracked(file), false);
    const after = process.memoryUsage().arrayBuffers;

    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100 * 1024 * 1024);
    expect(Math.max(...sizes)).toBe(1024 * 1024);
    expect(synced.length).toBeGreaterThan(10);
    expect(after - before).toBeLessThan(20 * 1024 * 1024);
    expect(bed.outlet.segments).toEqual([]);
  });

  it('gives the same lines once, however a writer divides them and whenever it is looked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'ü', '\n', '\n', '"', '\u2028', '\r'), { maxLength: 40 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 6 }),
        fc.array(fc.constantFrom('look', 'commit', 'restart', 'nothing', 'demand'), { maxLength: 10 }),
        async (characters, cuts, acts) => {
          await using bed = await CaptureBed.create();
          const file = bed.session('s');
          const bytes = Buffer.from(`${characters.join('')}\n`);
          const bounds = [0, ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
          await write(file, '');

          for (let i = 1; i < bounds.length; i += 1) {
            await append(file, bytes.subarray(bounds[i - 1], bounds[i]));
            const act = acts[i];
            if (act === 'look' || act === 'commit' || act === 'restart') await bed.follow(file);
            if (act === 'commit') await bed.commit();
            if (act === 'restart') await bed.restart();
            if (act === 'demand') demandHandOver(bed.tracked(file));
          }
          await bed.follow(file);
          await bed.commit();

          expect(bed.savedLines(archiveName('s'))).toEqual(bytes.toString('utf8').split('\n').slice(0, -1));
          expect(await bed.archivedText(archiveName('s'))).toBe(bytes.toString('utf8'));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('TranscriptTailer, asked to hand over again', () => {
  /** An outlet that calls back while it takes something. */
  class CallingOutlet implements SegmentOutlet {
    readonly starts: number[] = [];
    during: () => void = () => undefined;

    append(segments: Parameters<SegmentOutlet['append']>[0]): Promise<void> {
      if (segments.length === 0) return Promise.resolve();
      this.starts.push(...segments.map((segment) => segment.start));
      this.during();
      this.during = () => undefined;
      return Promise.resolve();
    }
  }

  it('misses no demand that comes while a file is copied', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, `${'x'.repeat(99_999)}\n`.repeat(120));
    const outlet = new CallingOutlet();
    const tailer = new TranscriptTailer({ archive: bed.archive, outlet, clock: new ManualClock() });
    const tracked = bed.tracked(file);
    outlet.during = () => {
      demandHandOver(tracked);
    };

    await tailer.follow(tracked, false);

    const first = outlet.starts.indexOf(0);
    const second = outlet.starts.indexOf(0, first + 1);
    expect(second).toBeGreaterThan(first);
    expect(tracked.segmenter?.start).toBe(12_000_000);
    expect(outlet.starts.slice(second)).toEqual([...outlet.starts.slice(second)].sort((a, b) => a - b));
  });

  it('misses no demand with an earlier position that comes while it reads the archive', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    await bed.follow(file);
    await bed.commit();
    await append(file, 'three\n');
    await bed.follow(file);
    const tracked = bed.tracked(file);
    demandHandOver(tracked);
    bed.outlet.segments.length = 0;
    let isFirst = true;
    const tailer = new TranscriptTailer({
      archive: {
        read: async (archivePath, start, end) => {
          if (isFirst) {
            tracked.committed = 0;
            demandHandOver(tracked);
          }
          isFirst = false;
          return await bed.archive.read(archivePath, start, end);
        },
        openWriter: (archivePath) => bed.archive.openWriter(archivePath),
      },
      outlet: bed.outlet,
      clock: new ManualClock(),
    });

    await tailer.finish(tracked);

    expect(bed.outlet.segments.map(({ start, end }) => [start, end])).toEqual([[0, 14]]);
  });

  it('hands over all of it the next time when the queue has refused some', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);
    await bed.restart();
    bed.outlet.failure = new Error('refused');

    const refused = bed.follow(file);
    await expect(refused).rejects.toThrow('refused');
    bed.outlet.failure = null;
    await bed.follow(file);
    await bed.commit();

    expect(bed.savedLines(archiveName('s'))).toEqual(['one']);
  });

  it('waits with nothing on its mind when all but an unfinished line is committed', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo');
    await bed.follow(file);
    const tracked = bed.tracked(file);
    const waiting = tracked.unsavedSince;
    demandHandOver(tracked);
    tracked.committed = 4;

    await bed.follow(file);

    expect(waiting).not.toBeNull();
    expect(tracked.unsavedSince).toBeNull();
  });

  it('lets a second look at the same file wait for the first', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, `${'x'.repeat(99_999)}\n`.repeat(30));

    await Promise.all([bed.follow(file), bed.follow(file), bed.tailer.finish(bed.tracked(file))]);
    await bed.commit();

    expect(bed.savedLines(archiveName('s')).length).toBe(30);
  });
});

describe('TranscriptTailer, with a file that stays open', () => {
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
