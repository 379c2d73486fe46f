import { describe, expect, it } from 'vitest';
import type { StoreRecovery, Upkeep } from '../../shared/status.ts';
import { NOW, quietSnapshot } from '../test-support/quiet-snapshot.ts';
import { factGroups } from './health.ts';

const RECOVERY: StoreRecovery = {
  ...{ at: NOW - 7_200_000, cause: 'damage', reason: 'It was damaged.', setAside: '/data/holdfast.db.damaged-1' },
  ...{ backup: null, state: 'catching-up', doneBytes: 5e6, totalBytes: 2e7, salvaged: 0, endedAt: null },
};

/** The facts about the care for what is saved, by their names. */
function upkeepOf(changes: Partial<Upkeep>): ReadonlyMap<string, string> {
  const quiet = quietSnapshot();
  const groups = factGroups({ ...quiet, upkeep: { ...quiet.upkeep, ...changes } }, NOW);
  const facts = groups.at(-1)?.facts ?? [];
  expect(new Set(facts.map((fact) => fact.name)).size).toBe(facts.length);
  return new Map(facts.map((fact) => [fact.name, fact.value]));
}

describe('the facts about upkeep', () => {
  it('say that nothing was ever needed', () => {
    expect(upkeepOf({}).get('Last recovery')).toBe('never needed');
  });

  it('say what happened, when, where the old database is, and how far the new one is', () => {
    const facts = upkeepOf({ recovery: RECOVERY });

    expect(facts.get('Last recovery')).toMatch(/^Database was damaged 2 h.* ago, being filled from the archive$/);
    expect(facts.get('Old database')).toBe('/data/holdfast.db.damaged-1');
    expect(facts.get('Began with')).toBe('the archive alone');
    expect(facts.get('Filled so far')).toMatch(/5.* MB of 20.* MB/);
    expect(upkeepOf({ recovery: { ...RECOVERY, state: 'done', backup: 'b.db' } }).get('Began with')).toBe('b.db');
  });

  it('name each damaged range, and why there is no backup', () => {
    const { scrub, backup } = quietSnapshot().upkeep;
    const range = { archivePath: 'claude-code/x/y.jsonl', start: 10, end: 20, foundAt: NOW };
    const facts = upkeepOf({
      scrub: { ...scrub, damaged: 2, damagedRanges: [range, { ...range, start: 30, end: 40 }] },
      backup: { ...backup, failure: 'No room.' },
    });

    expect(facts.get('Damaged ranges in the archive')).toBe('2');
    expect(facts.get('Damaged range 2')).toBe('claude-code/x/y.jsonl, bytes 30 to 40');
    expect(facts.get('Last backup')).toBe('No room.');
  });
});
