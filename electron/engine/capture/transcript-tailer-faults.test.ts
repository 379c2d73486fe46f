import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../core/errors.ts';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';
import { asOrdinaryUser } from './test-support/ordinary-user.ts';
import { append, write } from './test-support/source-files.ts';
import { TranscriptTailer, type TranscriptTailerOptions } from './transcript-tailer.ts';

const ARCHIVE_PATH = `claude-code/claude-1/projects/${PROJECT}/s.jsonl`;

/** What can stand where a transcript was. */
const IMPOSTORS: readonly (readonly [string, (file: string) => Promise<unknown>])[] = [
  ['a FIFO', (file) => Promise.resolve(execFileSync('mkfifo', [file]))],
  ['a folder', (file) => mkdir(file)],
  ['a link to another file', (file) => symlink('/etc/hostname', file)],
  ['a link to itself', (file) => symlink(file, file)],
];

describe('TranscriptTailer, where a file cannot be read', () => {
  for (const [what, make] of IMPOSTORS) {
    it(`is blocked by ${what}, and saves what was archived before all the same`, async () => {
      await using bed = await CaptureBed.create();
      const file = bed.session('s');
      await write(file, 'one\n');
      await bed.follow(file);
      await rm(file);
      await make(file);
      await bed.restart();

      const outcome = await bed.follow(file);
      await bed.commit();

      expect(outcome).toBe('blocked');
      expect(bed.tracked(file)).toMatchObject({ state: 'blocked', blockedReason: 'not a regular file' });
      expect(bed.savedLines(ARCHIVE_PATH)).toEqual(['one']);
      await rm(file, { recursive: true });
    });

    it(`goes on when ${what} gives way to the file again`, async () => {
      await using bed = await CaptureBed.create();
      const file = bed.session('s');
      await mkdir(path.dirname(file), { recursive: true });
      await make(file);
      const blocked = await bed.follow(file);

      await rm(file, { recursive: true });
      await write(file, 'one\n');
      const outcome = await bed.follow(file);

      expect([blocked, outcome]).toEqual(['blocked', 'advanced']);
      expect(bed.tracked(file)).toMatchObject({ state: 'live', blockedReason: null });
    });
  }

  it('is blocked by a file without permission, and goes on when there is permission', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await chmod(file, 0o000);

    await asOrdinaryUser(bed.directory, async () => {
      const blocked = await bed.follow(file);
      const reason = bed.tracked(file).blockedReason;
      await chmod(file, 0o600);
      const outcome = await bed.follow(file);

      expect([blocked, reason, outcome]).toEqual(['blocked', 'EACCES', 'advanced']);
    });
  });

  it('takes a file as gone when its folder has become a file', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\n');
    await bed.follow(file);

    await rm(path.dirname(file), { recursive: true });
    await writeFile(path.dirname(file), 'a file now');

    expect(await bed.follow(file)).toBe('missing');
  });
});

describe('TranscriptTailer, where the archive fails', () => {
  const retryable = { code: 'ARCHIVE_UNAVAILABLE', retryable: true };

  it('counts nothing when the archive cannot be written, and everything when it can be again', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    await rm(bed.archiveDirectory, { recursive: true });
    await writeFile(bed.archiveDirectory, 'in the way');

    await expect(bed.follow(file)).rejects.toMatchObject(retryable);
    await expect(bed.follow(file)).rejects.toMatchObject(retryable);
    const during = { ...bed.tracked(file) };
    const queued = [...bed.outlet.segments];
    await rm(bed.archiveDirectory);
    const outcome = await bed.follow(file);
    await bed.commit();

    expect(during).toMatchObject({ archived: 0, mark: null, state: 'missing' });
    expect(queued).toEqual([]);
    expect(outcome).toBe('advanced');
    expect(bed.savedLines(ARCHIVE_PATH)).toEqual(['one', 'two']);
  });

  /** The disk takes so many bytes and then is full. */
  function fillingDisk(bed: CaptureBed, takes: number): TranscriptTailerOptions['archive'] {
    let left = takes;
    return {
      read: (archivePath, start, end) => bed.archive.read(archivePath, start, end),
      openWriter: async (archivePath) => {
        const writer = await bed.archive.openWriter(archivePath);
        return {
          get position() {
            return writer.position;
          },
          append: async (bytes) => {
            const fits = bytes.subarray(0, left);
            left -= fits.length;
            await writer.append(fits);
            if (fits.length < bytes.length) {
              throw new ArchiveError('ARCHIVE_UNAVAILABLE', 'the disk is full', { retryable: true });
            }
          },
          sync: () => writer.sync(),
          close: () => writer.close(),
        };
      },
    };
  }

  it.each([0, 3, 4, 1024 * 1024, 9 * 1024 * 1024 + 5])(
    'goes on where the disk was full after %i bytes, with every line once',
    async (takes) => {
      await using bed = await CaptureBed.create();
      const file = bed.session('s');
      const lines = ['one', 'two', ...Array.from({ length: 12 }, (_, index) => String(index).repeat(1_000_000))];
      await write(file, lines.map((line) => `${line}\n`).join(''));
      const archive = fillingDisk(bed, takes);
      const full = new TranscriptTailer({ archive, outlet: bed.outlet, clock: new ManualClock() });

      await expect(full.follow(bed.tracked(file), false)).rejects.toMatchObject(retryable);
      await bed.follow(file);
      await bed.commit();

      expect(bed.savedLines(ARCHIVE_PATH)).toEqual(lines);
    },
  );

  it('starts a new generation when the source was replaced after a copy had broken off', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    const full = new TranscriptTailer({
      archive: fillingDisk(bed, 5),
      outlet: bed.outlet,
      clock: new ManualClock(),
    });
    await expect(full.follow(bed.tracked(file), false)).rejects.toMatchObject(retryable);

    await write(file, 'other\n');

    expect(await bed.follow(file)).toBe('replaced');
  });

  it('copies again what somebody has cut off the archived file', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\nthree\n');
    await bed.follow(file);
    await bed.commit();

    await truncate(bed.archive.fileOf(ARCHIVE_PATH), 5);
    await append(file, 'four\n');
    const outcome = await bed.follow(file);
    await bed.commit();

    expect(outcome).toBe('advanced');
    expect(await bed.archivedText(ARCHIVE_PATH)).toBe('one\ntwo\nthree\nfour\n');
    expect(bed.savedLines(ARCHIVE_PATH)).toEqual(['one', 'two', 'three', 'four']);
  });

  it('reports that the archive is cut when the source is gone as well', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    await write(file, 'one\ntwo\n');
    await bed.follow(file);
    await bed.restart();

    await truncate(bed.archive.fileOf(ARCHIVE_PATH), 2);
    await rm(file);

    await expect(bed.follow(file)).rejects.toMatchObject({ code: 'ARCHIVE_MISMATCH' });
  });
});
