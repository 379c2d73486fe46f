import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReserveFile } from './reserve-file.ts';

const SIZE = 3_500_000;
const NEVER = new AbortController().signal;

describe('ReserveFile', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-reserve-'));
    file = path.join(folder, 'reserve');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('takes up as much room as it says, and gives it back', async () => {
    const reserve = new ReserveFile(file, SIZE);

    const isTaken = await reserve.take(NEVER);
    const { size, blocks, mode } = statSync(file);
    await reserve.release();

    expect(isTaken).toBe(true);
    expect(size).toBe(SIZE);
    expect(blocks * 512).toBeGreaterThanOrEqual(SIZE);
    expect(mode & 0o777).toBe(0o600);
    expect(() => statSync(file)).toThrow('ENOENT');
    expect(reserve.isHeld).toBe(false);
  });

  it('knows again the one that an earlier run has left', async () => {
    await new ReserveFile(file, SIZE).take(NEVER);
    const reserve = new ReserveFile(file, SIZE);

    await reserve.look();

    expect(reserve.isHeld).toBe(true);
  });

  it.each([
    ['is not there', () => undefined],
    ['is cut off', (name: string) => truncateSync(name, SIZE - 1)],
    [
      'has holes instead of bytes',
      (name: string) => {
        writeFileSync(name, '');
        truncateSync(name, SIZE);
      },
    ],
  ])('does not count one that %s, and writes it anew', async (what, change) => {
    const reserve = new ReserveFile(file, SIZE);
    if (what !== 'is not there') await reserve.take(NEVER);
    change(file);

    await reserve.look();
    const wasHeld = reserve.isHeld;
    await reserve.take(NEVER);

    expect(wasHeld).toBe(false);
    expect(statSync(file).blocks * 512).toBeGreaterThanOrEqual(SIZE);
  });

  it('leaves nothing behind when it cannot be written or is interrupted', async () => {
    const nowhere = new ReserveFile(path.join(folder, 'no', 'folder'), SIZE);
    const interrupted = new ReserveFile(file, SIZE);

    const answers = [await nowhere.take(NEVER), await interrupted.take(AbortSignal.abort())];

    expect(answers).toEqual([false, false]);
    expect(() => statSync(file)).toThrow('ENOENT');
    expect(interrupted.isHeld).toBe(false);
  });
});
