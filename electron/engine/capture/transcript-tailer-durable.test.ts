import { open, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import type { ArchiveSink } from './archive-sink.ts';
import { CaptureBed } from './test-support/capture-bed.ts';
import { archiveName } from './test-support/expect-saved.ts';
import { append, write } from './test-support/source-files.ts';
import { TranscriptTailer } from './transcript-tailer.ts';

/** The bed's archive, with a note of what happens in it and something to do between two of its steps. */
class NotingArchive implements ArchiveSink {
  readonly happened: string[] = [];
  beforeOpening: () => Promise<void> = () => Promise.resolve();
  failsToSync = false;
  readonly #bed: CaptureBed;

  constructor(bed: CaptureBed) {
    this.#bed = bed;
  }

  read(archivePath: string, start: number, end: number): Promise<Buffer> {
    return this.#bed.archive.read(archivePath, start, end);
  }

  async openWriter(archivePath: string, from?: number): ReturnType<ArchiveSink['openWriter']> {
    await this.beforeOpening();
    const writer = await this.#bed.archive.openWriter(archivePath, from);
    return {
      get position() {
        return writer.position;
      },
      append: (bytes) => writer.append(bytes),
      sync: async () => {
        if (this.failsToSync) throw new Error('no sync');
        await writer.sync();
        this.happened.push(`synced ${writer.position}`);
      },
      close: () => writer.close(),
    };
  }
}

function tailerOf(bed: CaptureBed, archive: NotingArchive): TranscriptTailer {
  const outlet = {
    takes: true,
    append: (segments: Parameters<CaptureBed['outlet']['append']>[0]) => {
      archive.happened.push(...segments.map(({ start, end }) => `handed over ${start} to ${end}`));
      return bed.outlet.append(segments);
    },
  };
  return new TranscriptTailer({ archive, outlet, clock: new ManualClock() });
}

describe('TranscriptTailer, hands over nothing that a power cut could take back', () => {
  it('makes durable what an earlier run has archived, however that run ended', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);
    await bed.restart();
    const archive = new NotingArchive(bed);

    await tailerOf(bed, archive).follow(bed.tracked(file), false);

    expect(archive.happened).toEqual(['synced 4', 'handed over 0 to 4']);
  });

  it('has nothing to make durable where all is committed', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);
    await bed.commit();
    await bed.restart();
    const archive = new NotingArchive(bed);

    await tailerOf(bed, archive).follow(bed.tracked(file), false);

    expect(archive.happened).toEqual([]);
  });

  it('makes durable what an attempt of this run has left that could not be synced', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    const archive = new NotingArchive(bed);
    const tailer = tailerOf(bed, archive);
    archive.failsToSync = true;
    await expect(tailer.follow(bed.tracked(file), false)).rejects.toThrow('no sync');
    archive.failsToSync = false;

    await tailer.follow(bed.tracked(file), false);

    expect(archive.happened.slice(0, 2)).toEqual(['synced 4', 'handed over 0 to 4']);
  });
});

describe('TranscriptTailer, after a power cut', () => {
  it('copies again what was left as holes, and nothing else', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);
    await bed.commit();
    await append(file, `${'x'.repeat(9999)}\n`.repeat(3));
    await bed.follow(file);
    await punch(bed.archive.fileOf(archiveName('s')), 5000, 12_000);
    await bed.restart();

    const outcome = await bed.follow(file);
    await bed.commit();

    expect(outcome).toBe('advanced');
    expect(await bed.archivedText(archiveName('s'))).toBe(await readFile(file, 'utf8'));
    expect(bed.savedLines(archiveName('s'))).toEqual(['one', ...Array.from({ length: 3 }, () => 'x'.repeat(9999))]);
  });

  it('keeps what is archived where the source says something else', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);
    await bed.commit();
    await append(file, 'two\n');
    await bed.follow(file);
    await writeFile(file, 'one\nother\n');
    await bed.restart();

    const outcome = await bed.follow(file);

    expect(outcome).toBe('replaced');
    expect(await bed.archivedText(archiveName('s'))).toBe('one\ntwo\n');
  });
});

/** Leaves zeros in a part of a file. */
async function punch(file: string, from: number, length: number): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(length), 0, length, from);
  await handle.close();
}

describe('TranscriptTailer, with a source that is overwritten while it looks', () => {
  it('takes nothing of the new content for a continuation of the old', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'old 1\nold');
    await bed.follow(file);
    await append(file, ' 2\n');
    const archive = new NotingArchive(bed);
    // Between the comparison and the reading.
    archive.beforeOpening = () => writeFile(file, 'new 1\nnew 2\n');

    const outcome = await tailerOf(bed, archive).follow(bed.tracked(file), false);
    await bed.commit();

    expect(outcome).toBe('replaced');
    expect(await bed.archivedText(archiveName('s'))).toBe('old 1\nold');
    expect(bed.savedLines(archiveName('s'))).toEqual(['old 1']);
  });
});
