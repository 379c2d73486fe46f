import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../core/errors.ts';
import { silentLogger } from '../core/logger.ts';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { until } from '../core/test-support/until.ts';
import type { DiskLevel } from './disk-level.ts';
import { DiskWatch, type DiskRoom } from './disk-watch.ts';
import { ReserveFile } from './reserve-file.ts';

const RESERVE = 1_000_000;
const LIMITS = { warnBelowBytes: 100_000_000, holdBelowBytes: 10_000_000 };
const NEVER = new AbortController().signal;
const FULL = new StoreError('STORE_FULL', 'full', { retryable: true });

class DiskBed implements AsyncDisposable {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-disk-'));
  readonly clock = new ManualClock();
  readonly reserve = new ReserveFile(this.reserveFile, RESERVE);
  readonly levels: DiskLevel[] = [];
  /** What the system says; null: nothing. */
  freeBytes: number | null = 500_000_000;
  readonly watch = new DiskWatch({
    directories: [this.folder],
    reserve: this.reserve,
    limits: () => LIMITS,
    clock: this.clock,
    logger: silentLogger,
    measure: (): Promise<DiskRoom | null> =>
      Promise.resolve(this.freeBytes === null ? null : { freeBytes: this.freeBytes, totalBytes: 1e9 }),
  });

  constructor() {
    this.watch.onChange((level) => this.levels.push(level));
  }

  get reserveFile(): string {
    return path.join(this.folder, 'reserve');
  }

  async started(): Promise<DiskWatch> {
    await this.watch.start(NEVER);
    await this.watch.look();
    return this.watch;
  }

  /** The next look finds so much free. */
  async becomes(freeBytes: number | null): Promise<void> {
    this.freeBytes = freeBytes;
    this.clock.advance(2000);
    await this.watch.look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.stop();
    rmSync(this.folder, { recursive: true });
  }
}

describe('DiskWatch', () => {
  it('holds below its limit and lets go on when there is enough again, by itself', async () => {
    await using bed = new DiskBed();
    const watch = await bed.started();

    const seen: boolean[] = [];
    for (const free of [99_000_000, 9_000_000, 11_000_000, 13_000_000, 500_000_000]) {
      await bed.becomes(free);
      seen.push(watch.isHeld);
    }

    expect(seen).toEqual([false, true, true, false, false]);
    expect(bed.levels).toEqual(['low', 'held', 'low', 'ok']);
  });

  it('looks every two seconds without being asked', async () => {
    await using bed = new DiskBed();
    const watch = await bed.started();

    bed.freeBytes = 1;
    bed.clock.advance(2000);

    await until(() => watch.isHeld);
    expect(watch.facts).toMatchObject({ level: 'held', heldSince: bed.clock.now(), room: { freeBytes: 1 } });
  });

  it('keeps the reserve until hardly anything is left, and takes it again when there is room for it', async () => {
    await using bed = new DiskBed();
    const watch = await bed.started();
    const there: boolean[] = [existsSync(bed.reserveFile)];
    const held = watch.facts.reserveBytes;

    for (const free of [9_000_000, 999_999, 1_900_000, 13_000_000, 14_000_000]) {
      await bed.becomes(free);
      bed.clock.advance(4000);
      there.push(existsSync(bed.reserveFile));
    }

    expect(held).toBe(RESERVE);
    expect(there).toEqual([true, true, false, false, false, true]);
    expect(watch.facts.reserveBytes).toBe(RESERVE);
  });

  it('holds after a refusal although there is room by the figures, until a write of its own succeeds', async () => {
    await using bed = new DiskBed();
    const watch = await bed.started();

    watch.noteRefusal(FULL);
    await until(() => watch.isHeld);
    const reserve = existsSync(bed.reserveFile);
    await bed.becomes(500_000_000);
    const soon = watch.isHeld;
    await bed.becomes(500_000_000);

    expect([reserve, soon, watch.isHeld, existsSync(bed.reserveFile)]).toEqual([false, true, false, true]);
  });

  it('does not stay held for ever after a refusal when there is room, but not for the reserve', async () => {
    await using bed = new DiskBed();
    const watch = await bed.started();
    watch.noteRefusal(FULL);
    await until(() => watch.isHeld);

    await bed.becomes(12_900_000);
    await bed.becomes(12_900_000);

    expect(watch.facts).toMatchObject({ level: 'low', reserveBytes: 0 });
  });

  it('passes over failures of another kind', async () => {
    await using bed = new DiskBed();
    const watch = await bed.started();

    watch.noteRefusal(new StoreError('STORE_BUSY', 'busy'));
    await bed.becomes(500_000_000);

    expect(watch.facts).toMatchObject({ level: 'ok', reserveBytes: RESERVE });
  });

  it('holds nothing because the room is unknown', async () => {
    await using bed = new DiskBed();
    const watch = await bed.started();

    await bed.becomes(null);

    expect(watch.facts).toMatchObject({ level: 'ok', room: null });
  });

  it('gives back before the start what an earlier run has kept, when the disk is full', async () => {
    await using bed = new DiskBed();
    await new ReserveFile(bed.reserveFile, RESERVE).take(NEVER);

    await bed.watch.makeRoomToStart();
    const enough = existsSync(bed.reserveFile);
    bed.freeBytes = 4096;
    await bed.watch.makeRoomToStart();

    expect([enough, existsSync(bed.reserveFile)]).toEqual([true, false]);
  });

  it('measures the real disk, and knows nothing of a folder that is not there', async () => {
    await using bed = new DiskBed();
    const limits = () => LIMITS;
    const common = { reserve: null, limits, clock: bed.clock, logger: silentLogger };
    const real = new DiskWatch({ ...common, directories: [bed.folder, path.join(bed.folder, 'not yet')] });
    const none = new DiskWatch({ ...common, directories: [path.join(bed.folder, 'none')] });

    await real.look();
    await none.look();

    expect(real.facts.room?.freeBytes).toBeGreaterThan(0);
    expect(real.facts.room?.totalBytes).toBeGreaterThanOrEqual(real.facts.room?.freeBytes ?? 0);
    expect(none.facts.room).toBeNull();
  });
});
