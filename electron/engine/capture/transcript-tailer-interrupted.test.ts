import { appendFileSync, readFileSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { CaptureBed } from './test-support/capture-bed.ts';
import { archiveName } from './test-support/expect-saved.ts';
import { append, write } from './test-support/source-files.ts';
import { demandHandOver } from './tracked-file.ts';
import type { SegmentOutlet } from './segment-feed.ts';
import { TranscriptTailer } from './transcript-tailer.ts';

describe('TranscriptTailer, whatever happens meanwhile', () => {
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
    const compared: number[] = [];
    const synced: number[] = [];
    const tailer = new TranscriptTailer({
      archive: {
        read: (_archivePath, start, end) => {
          compared.push(end - start);
          return Promise.resolve(Buffer.alloc(end - start));
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
      clock: new ManualClock(Date.now()),
    });
    const before = process.memoryUsage().arrayBuffers;

    await tailer.follow(bed.tracked(file), false);
    const after = process.memoryUsage().arrayBuffers;

    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100 * 1024 * 1024);
    expect(Math.max(...sizes)).toBe(1024 * 1024);
    expect(Math.max(...compared)).toBe(4096);
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
});

describe('TranscriptTailer, asked to hand over again', () => {
  /** An outlet that calls back while it takes something. */
  class CallingOutlet implements SegmentOutlet {
    readonly starts: number[] = [];
    during: () => void = () => undefined;

    readonly takes = true;

    append(segments: Parameters<SegmentOutlet['append']>[0]): Promise<boolean> {
      if (segments.length === 0) return Promise.resolve(true);
      this.starts.push(...segments.map((segment) => segment.start));
      this.during();
      this.during = () => undefined;
      return Promise.resolve(true);
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
