import { describe, expect, it } from 'vitest';
import type { ArchiveDamage } from '../../../shared/status.ts';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { silentLogger } from '../core/logger.ts';
import { Scrubber, type ScrubPorts, type ScrubRange } from './scrubber.ts';

const DAY = 24 * 3_600_000;
const MB = 1024 * 1024;
const SEGMENT = 64 * 1024;

/** An archive of equal segments, each of a generation of its own, and what a store would remember. */
class ArchiveModel {
  readonly clock = new ManualClock(Date.UTC(2026, 10, 22));
  readonly read: number[] = [];
  readonly damaged = new Set<number>();
  readonly notes = new Map<string, ArchiveDamage & { readonly repairedAt: number | null }>();
  kept: string | null = null;
  checks = 0;
  isRepairable = true;
  isBusy = false;
  readonly #segments: number;

  constructor(totalBytes: number) {
    this.#segments = totalBytes / SEGMENT;
  }

  scrubber(): Scrubber {
    return new Scrubber({ ports: this.#ports(), clock: this.clock, logger: silentLogger, roundMs: () => 7 * DAY });
  }

  #ports(): ScrubPorts {
    const open = (): ArchiveDamage[] => [...this.notes.values()].filter((note) => note.repairedAt === null);
    return {
      totalBytes: () => Promise.resolve(this.#segments * SEGMENT),
      slice: (after, mostBytes) => Promise.resolve(this.#slice(after.generation, mostBytes)),
      repair: (range) => {
        if (this.isRepairable) this.damaged.delete(Number(range.archivePath));
        return Promise.resolve(this.isRepairable);
      },
      checkDatabase: () => {
        this.checks += 1;
        return Promise.resolve();
      },
      load: () => Promise.resolve({ scrub: this.kept, repaired: this.notes.size - open().length, damaged: open() }),
      keep: (state) => {
        this.kept = state;
        return Promise.resolve();
      },
      note: (range, repairedAt) => {
        this.notes.set(range.archivePath, { ...range, repairedAt });
        return Promise.resolve();
      },
      isBusy: () => this.isBusy,
    };
  }

  #slice(after: number, mostBytes: number): Awaited<ReturnType<ScrubPorts['slice']>> {
    const damaged: ScrubRange[] = [];
    const sound: { archivePath: string; start: number }[] = [];
    let bytes = 0;
    let last: number | null = null;
    for (let index = after + 1; index < this.#segments; index += 1) {
      if (bytes > 0 && bytes + SEGMENT > mostBytes) break;
      bytes += SEGMENT;
      last = index;
      this.read.push(index);
      const range = { archivePath: String(index), start: 0 };
      if (this.damaged.has(index)) damaged.push({ ...range, sourcePath: null, end: SEGMENT, sha256: '' });
      else sound.push(range);
    }
    return { damaged, sound, bytes, next: last === null ? null : { generation: last, start: 0 } };
  }
}

/** Time passes, and the scrubber looks as often as it would. */
async function pass(model: ArchiveModel, scrubber: Scrubber, ms: number, steps = 200): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    model.clock.advance(ms / steps);
    await scrubber.look();
  }
}

describe('Scrubber', () => {
  it('reads everything once within a round, spread over its time, then the database', async () => {
    const model = new ArchiveModel(16 * MB);
    const scrubber = model.scrubber();
    await scrubber.look();

    await pass(model, scrubber, 3.5 * DAY);
    expect(scrubber.view.doneBytes / MB).toBeCloseTo(8, 0);
    expect(model.checks).toBe(0);
    await pass(model, scrubber, 3.5 * DAY);

    expect(model.read.slice(0, 256)).toEqual(Array.from({ length: 256 }, (_, index) => index));
    expect(model.checks).toBe(1);
    expect(scrubber.view).toMatchObject({ lastRoundAt: model.clock.now(), doneBytes: 0, damaged: 0 });
  });

  it('goes on after a restart where it was, and catches up on what the time off has cost', async () => {
    const model = new ArchiveModel(16 * MB);
    const first = model.scrubber();
    await first.look();
    await pass(model, first, 2 * DAY);
    await first.stop();
    const before = model.read.length;
    expect(before).toBeGreaterThan(0);

    model.clock.advance(5 * DAY);
    const second = model.scrubber();
    await second.look();
    await second.look();

    expect(model.read.slice(before)[0]).toBe(before);
    expect(second.view.lastRoundAt).toBe(model.clock.now());
    expect(new Set(model.read).size).toBe(256);
  });

  it('has a damaged range repaired, and remembers one that cannot be', async () => {
    const model = new ArchiveModel(16 * MB);
    model.damaged.add(3).add(200);
    const scrubber = model.scrubber();
    await scrubber.look();

    await pass(model, scrubber, DAY);
    expect(scrubber.view).toMatchObject({ repaired: 1, damaged: 0 });
    model.isRepairable = false;
    await pass(model, scrubber, 6 * DAY);

    expect(scrubber.view).toMatchObject({ repaired: 1, damaged: 1 });
    expect(scrubber.view.damagedRanges).toMatchObject([{ archivePath: '200', start: 0, end: SEGMENT }]);
    // Somebody has put the file right by hand: the next round sees it.
    model.damaged.clear();
    await pass(model, scrubber, 7 * DAY);
    expect(scrubber.view).toMatchObject({ repaired: 2, damaged: 0 });
  });

  it('gives way to saving, and is not thrown by a clock that is set back', async () => {
    const model = new ArchiveModel(16 * MB);
    const scrubber = model.scrubber();
    model.isBusy = true;
    await pass(model, scrubber, 7 * DAY);
    expect(model.read).toEqual([]);

    model.isBusy = false;
    await scrubber.look();
    model.clock.advance(-20 * DAY);
    await scrubber.look();
    await scrubber.look();

    expect(new Set(model.read).size).toBe(256);
    await pass(model, scrubber, DAY);
    expect(scrubber.view.roundStartedAt).toBeLessThanOrEqual(model.clock.now());
  });

  it('waits for the end of its time when there is nothing to read', async () => {
    const model = new ArchiveModel(0);
    const scrubber = model.scrubber();
    await pass(model, scrubber, 6 * DAY);
    expect(model.checks).toBe(0);

    await pass(model, scrubber, 2 * DAY);

    expect(model.checks).toBe(1);
  });
});
