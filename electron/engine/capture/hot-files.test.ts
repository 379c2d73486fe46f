import { describe, expect, it } from 'vitest';
import { ManualClock } from '../core/test-support/manual-clock.ts';
import { HotFiles } from './hot-files.ts';

const MINUTE_MS = 60_000;

describe('HotFiles', () => {
  it('keeps a file for ten minutes after it was touched last', () => {
    const clock = new ManualClock();
    const hot = new HotFiles(clock);
    hot.add('a');
    clock.advance(6 * MINUTE_MS);
    hot.add('a');
    hot.add('b');

    clock.advance(6 * MINUTE_MS);
    const during = hot.files();
    clock.advance(5 * MINUTE_MS);

    expect(during).toEqual(['a', 'b']);
    expect(hot.files()).toEqual([]);
    expect(hot.size).toBe(0);
  });

  it('drops the one that was quiet longest when there are too many', () => {
    const hot = new HotFiles(new ManualClock());
    hot.add('quiet');
    hot.add('busy');
    for (let index = 0; index < 498; index += 1) hot.add(`s${index}`);
    hot.add('busy');

    hot.add('new');

    expect(hot.size).toBe(500);
    expect(hot.files()).not.toContain('quiet');
    expect(hot.files()).toEqual(expect.arrayContaining(['busy', 'new', 's0']));
  });
});
