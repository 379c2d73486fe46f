import { describe, expect, it } from 'vitest';
import { ArchiveError, StoreError } from '../core/errors.ts';
import { isNoRoom, levelOf, type DiskLevel } from './disk-level.ts';

const LIMITS = { warnBelowBytes: 1000, holdBelowBytes: 200 };

describe('levelOf', () => {
  it.each<[free: number, before: DiskLevel, after: DiskLevel]>([
    [1000, 'ok', 'ok'],
    [999, 'ok', 'low'],
    [1049, 'low', 'low'],
    [1050, 'low', 'ok'],
    [200, 'low', 'low'],
    [199, 'ok', 'held'],
    [249, 'held', 'held'],
    [250, 'held', 'low'],
    [1050, 'held', 'ok'],
    [0, 'low', 'held'],
  ])('with %i free after %s is %s', (free, before, after) => {
    expect(levelOf(free, LIMITS, before)).toBe(after);
  });
});

describe('isNoRoom', () => {
  const system = (code: string) => Object.assign(new Error(code), { code });

  it.each([
    [true, 'a full disk', system('ENOSPC')],
    [true, 'a quota', new ArchiveError('ARCHIVE_UNAVAILABLE', '', { cause: system('EDQUOT') })],
    [true, 'a full disk of the database', new StoreError('STORE_FULL', '')],
    [false, 'a limit of one file', new ArchiveError('ARCHIVE_UNAVAILABLE', '', { cause: system('EFBIG') })],
    [false, 'a read-only disk', system('EROFS')],
    [false, 'a busy database', new StoreError('STORE_BUSY', '')],
    [false, 'no error', null],
  ])('is %s for %s', (expected, _name, error) => {
    expect(isNoRoom(error)).toBe(expected);
  });
});
