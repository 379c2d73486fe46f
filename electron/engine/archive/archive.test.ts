import { chmod, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveReader } from './archive-reader.ts';
import { Archive } from './archive.ts';

const PATH = 'claude-code/claude-1/projects/-home-ana/s.jsonl';
const UNAVAILABLE = { code: 'ARCHIVE_UNAVAILABLE', retryable: true };

class Bed implements AsyncDisposable {
  readonly home: string;
  readonly archive: Archive;
  readonly reader: ArchiveReader;

  private constructor(home: string) {
    this.home = home;
    this.archive = new Archive(this.directory);
    this.reader = new ArchiveReader(this.directory);
  }

  static async create(): Promise<Bed> {
    const bed = new Bed(await mkdtemp(path.join(os.tmpdir(), 'holdfast-archive-test-')));
    await bed.archive.open();
    return bed;
  }

  get directory(): string {
    return path.join(this.home, 'data', 'archive');
  }

  async append(archivePath: string, ...parts: readonly string[]): Promise<void> {
    const writer = await this.archive.openWriter(archivePath);
    for (const part of parts) await writer.append(Buffer.from(part));
    await writer.sync();
    await writer.close();
  }

  async listed(): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    for await (const { archivePath, sizeBytes } of this.archive.list()) found[archivePath] = sizeBytes;
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}

describe('Archive', () => {
  it('holds what was appended, at the offsets of its source', async () => {
    await using bed = await Bed.create();

    await bed.append(PATH, 'one\n', 'two\n');
    await bed.append(PATH, 'three\n');

    expect((await bed.archive.read(PATH, 4, 10)).toString()).toBe('two\nth');
    expect(await bed.archive.sizeOf(PATH)).toBe(14);
    expect(await readFile(bed.archive.fileOf(PATH), 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('tells each writer where it goes on', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\n');

    const writer = await bed.archive.openWriter(PATH);
    const before = writer.position;
    await writer.append(Buffer.from('two\n'));
    const after = writer.position;
    await writer.close();

    expect([before, after]).toEqual([4, 8]);
  });

  it('gives back any range of what was appended in any pieces', async () => {
    await using bed = await Bed.create();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }),
        fc.nat(),
        fc.nat(),
        async (parts, one, other) => {
          const archivePath = `a/b/${(count += 1)}.jsonl`;
          const writer = await bed.archive.openWriter(archivePath);
          for (const part of parts) await writer.append(Buffer.from(part));
          await writer.close();
          const whole = Buffer.concat(parts);
          const [start = 0, end = 0] = [one % (whole.length + 1), other % (whole.length + 1)].sort((a, b) => a - b);

          expect(await bed.archive.read(archivePath, start, end)).toEqual(whole.subarray(start, end));
          expect(bed.reader.read(archivePath, start, end)).toEqual(whole.subarray(start, end));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps everything for its owner alone', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'x');

    const modes = await Promise.all(
      [bed.directory, path.dirname(bed.archive.fileOf(PATH)), bed.archive.fileOf(PATH)].map(
        async (file) => (await stat(file)).mode & 0o777,
      ),
    );

    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  it('lists every generation with its size, and nothing else', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\n');
    await bed.append('claude-code/claude-1/~2/projects/-home-ana/s.jsonl', 'other\n');
    await bed.append('claude-code/claude-2/projects/p/root.json', '{}');
    await bed.archive.describeRoot('claude-1', { agent: 'claude-code', root: '/home/ana/.claude' });
    await writeFile(path.join(bed.directory, '.probe'), 'x');
    await writeFile(path.join(bed.directory, 'claude-code', 'claude-1', 'root.json.12ab.tmp'), 'x');

    expect(await bed.listed()).toEqual({
      [PATH]: 4,
      'claude-code/claude-1/~2/projects/-home-ana/s.jsonl': 6,
      'claude-code/claude-2/projects/p/root.json': 2,
    });
  });

  it('describes a root once in a run, in words that need no database', async () => {
    await using bed = await Bed.create();
    const file = path.join(bed.directory, 'claude-code', 'claude-1', 'root.json');

    await bed.archive.describeRoot('claude-1', { agent: 'claude-code', root: '/home/ana/.claude' });
    const text = await readFile(file, 'utf8');
    await rm(file);
    await bed.archive.describeRoot('claude-1', { agent: 'claude-code', root: '/home/ana/.claude' });

    expect(JSON.parse(text)).toEqual({ agent: 'claude-code', root: '/home/ana/.claude' });
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('describes a root that several ask for at the same time', async () => {
    await using bed = await Bed.create();
    const root = { agent: 'claude-code', root: '/home/ana/.claude' };

    await Promise.all([1, 2, 3, 4].map(() => bed.archive.describeRoot('claude-1', root)));

    const file = path.join(bed.directory, 'claude-code', 'claude-1', 'root.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(root);
  });

  it('knows which generations there are', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'x');

    expect([await bed.archive.exists(PATH), await bed.archive.exists('a/b/c')]).toEqual([true, false]);
    expect(await bed.archive.sizeOf('a/b/c')).toBe(0);
  });

  it('says when a range is not there', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\n');

    await expect(bed.archive.read(PATH, 2, 5)).rejects.toMatchObject({ code: 'ARCHIVE_MISMATCH' });
    await expect(bed.archive.read('../../x', 0, 1)).rejects.toMatchObject({ code: 'ARCHIVE_MISMATCH' });
    // As if it had been cut to nothing: it is copied from its transcript again, and not tried for ever.
    await expect(bed.archive.read('a/b/c', 0, 1)).rejects.toMatchObject({ code: 'ARCHIVE_MISMATCH' });
  });

  it('proves that it can be written, and says when it cannot', async () => {
    await using bed = await Bed.create();
    await bed.archive.probe();
    await Promise.all([bed.archive.probe(), bed.archive.probe(), bed.archive.probe()]);

    await rm(bed.directory, { recursive: true });
    await writeFile(bed.directory, 'in the way');

    await expect(bed.archive.probe()).rejects.toMatchObject(UNAVAILABLE);
    await expect(bed.archive.openWriter(PATH)).rejects.toMatchObject(UNAVAILABLE);
    await expect(bed.archive.describeRoot('r', { agent: 'a', root: '/r' })).rejects.toMatchObject(UNAVAILABLE);
  });

  it('says when a folder stands where a generation belongs', async () => {
    await using bed = await Bed.create();
    await mkdir(bed.archive.fileOf(PATH), { recursive: true });

    await expect(bed.archive.openWriter(PATH)).rejects.toMatchObject(UNAVAILABLE);
    await expect(bed.archive.read(PATH, 0, 1)).rejects.toMatchObject(UNAVAILABLE);
    expect(() => bed.reader.read(PATH, 0, 1)).toThrow(expect.objectContaining(UNAVAILABLE));
  });

  it('does not write before the end of a file that somebody has cut', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\ntwo\n');
    await truncate(bed.archive.fileOf(PATH), 2);

    await bed.append(PATH, 'x');

    expect(await readFile(bed.archive.fileOf(PATH), 'utf8')).toBe('onx');
  });

  it('opens again what it has made, with the rights it has', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\n');
    await chmod(bed.archive.fileOf(PATH), 0o400);

    await bed.archive.open();

    expect(await bed.listed()).toEqual({ [PATH]: 4 });
  });
});

describe('ArchiveReader', () => {
  it('gives large ranges in pieces of bounded size', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'x'.repeat(2_500_000));
    const sizes: number[] = [];

    bed.reader.readChunks(PATH, 100, 2_500_000, (chunk) => sizes.push(chunk.length));

    expect(sizes).toEqual([1_048_576, 1_048_576, 2_500_000 - 100 - 2 * 1_048_576]);
  });

  it('reads nothing of an empty range', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'x');

    expect(bed.reader.read(PATH, 1, 1)).toEqual(Buffer.alloc(0));
    expect(bed.reader.read('a/b/absent', 3, 3)).toEqual(Buffer.alloc(0));
  });

  it('knows the size of a generation, and that there is none', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\n');

    expect([bed.reader.sizeOf(PATH), bed.reader.sizeOf('a/b/c')]).toEqual([4, null]);
  });

  it.each([
    ['shorter than what was queued of it', PATH],
    ['not there', 'claude-code/claude-1/projects/absent.jsonl'],
    ['outside of the archive', '../../../../../../etc/passwd'],
  ])('reports a mismatch for a generation that is %s', async (_what, archivePath) => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\n');

    expect(() => bed.reader.read(archivePath, 0, 5)).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_MISMATCH', retryable: false }),
    );
  });

  it('lets an error of whoever uses the bytes through as it is', async () => {
    await using bed = await Bed.create();
    await bed.append(PATH, 'one\n');
    const full = Object.assign(new Error('disk full'), { code: 'EIO' });

    expect(() => {
      bed.reader.readChunks(PATH, 0, 4, () => {
        throw full;
      });
    }).toThrow(full);
  });
});
