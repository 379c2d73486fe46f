import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { CaptureBed } from './test-support/capture-bed.ts';
import type { SourceRoot } from './source-layout.ts';
import { TranscriptFollower } from './transcript-follower.ts';
import { silentLogger } from '../core/logger.ts';

const NAME = 'tmp/lisbon/chats/session-2025-08-22T06-43-2ab72121.json';

/** A whole-file JSON of Gemini CLI, and what looks at it. */
class DocumentBed implements AsyncDisposable {
  readonly bed: CaptureBed;
  readonly clock: ManualClock;
  readonly file: string;
  readonly follower: TranscriptFollower;

  private constructor(bed: CaptureBed, clock: ManualClock, file: string) {
    this.bed = bed;
    this.clock = clock;
    this.file = file;
    const { registry, tailer } = bed;
    this.follower = new TranscriptFollower({ registry, tailer, logger: silentLogger, onLooked: () => undefined });
  }

  static async create(): Promise<DocumentBed> {
    const clock = new ManualClock();
    const bed = await CaptureBed.create(clock);
    const root: SourceRoot = {
      agent: 'gemini-cli',
      directory: path.join(bed.directory, 'gemini'),
      rootKey: 'gemini-1',
    };
    bed.registry.addRoot(root);
    const file = path.join(root.directory, ...NAME.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    return new DocumentBed(bed, clock, file);
  }

  /** Writes the document now, by the clock of the test. */
  async write(content: string): Promise<void> {
    await writeFile(this.file, content);
    await utimes(this.file, this.clock.now() / 1000, this.clock.now() / 1000);
  }

  look(thorough = false): Promise<string> {
    return this.follower.look(this.file, thorough);
  }

  async generations(): Promise<readonly string[]> {
    return Object.values(await this.bed.archived());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.bed[Symbol.asyncDispose]();
  }
}

describe('a document', () => {
  it('is archived when it has been left alone for a second', async () => {
    await using place = await DocumentBed.create();
    await place.write('{"half":');
    expect(await place.look()).toBe('unsettled');
    expect(await place.generations()).toEqual([]);

    await place.write('{"half": 1, "whole": 2}');
    place.clock.advance(999);
    expect(await place.look()).toBe('unsettled');
    place.clock.advance(1);

    expect(await place.look()).toBe('advanced');
    expect(await place.generations()).toEqual(['{"half": 1, "whole": 2}']);
    expect(place.bed.outlet.segments).toMatchObject([{ kind: 'blob', start: 0, end: 23 }]);
  });

  it('that is written anew is another generation, even where only its middle differs', async () => {
    await using place = await DocumentBed.create();
    const long = (word: string) => `${'a'.repeat(10_000)}${word}${'z'.repeat(10_000)}`;
    for (const content of [long('one'), long('two'), `${long('two')}more`]) {
      await place.write(content);
      place.clock.advance(1000);
      await place.look();
    }

    expect(await place.generations()).toEqual([long('one'), `${long('two')}more`]);
    expect(place.bed.outlet.segments.map(({ start, end }) => [start, end])).toEqual([
      [0, 20_003],
      [0, 20_003],
      [0, 20_007],
    ]);
  });

  it('that is written all the time is archived twice a minute', async () => {
    await using place = await DocumentBed.create();
    const outcomes: string[] = [];
    for (let second = 0; second <= 62; second += 1) {
      await place.write(`{"n": ${second}}`);
      place.clock.advance(500);
      outcomes.push(await place.look());
      place.clock.advance(500);
    }

    expect(outcomes.filter((outcome) => outcome === 'advanced')).toHaveLength(2);
    expect(await place.generations()).toHaveLength(2);
  });

  it('is taken as it is when somebody asks for everything that is there', async () => {
    await using place = await DocumentBed.create();
    await place.write('{"n": 1}');

    expect(await place.look(true)).toBe('advanced');
    expect(await place.look()).toBe('unchanged');
    expect(await place.generations()).toEqual(['{"n": 1}']);
  });

  it('is recognised under another name', async () => {
    await using place = await DocumentBed.create();
    await place.write('{"n": 1}');
    place.clock.advance(1000);
    await place.look();
    const renamed = place.file.replace('2ab72121', '3ab72121');
    await rename(place.file, renamed);

    await place.follower.look(renamed, false);

    expect(await place.generations()).toEqual(['{"n": 1}']);
  });
});
