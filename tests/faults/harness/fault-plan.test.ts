import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, kindsFor, killsOf, parseFaultKinds, planFaults, type Fault } from './fault-plan.ts';

const OPTIONS = { seed: 5, kinds: FAULT_KINDS, eachOnce: true };

function first(count: number, options: Parameters<typeof planFaults>[0]): readonly Fault[] {
  const faults: Fault[] = [];
  for (const fault of planFaults(options)) {
    faults.push(fault);
    if (faults.length === count) break;
  }
  return faults;
}

describe('planFaults', () => {
  it('gives the same plan for the same seed, and another for another', () => {
    expect(first(500, OPTIONS)).toEqual(first(500, OPTIONS));
    expect(first(500, { ...OPTIONS, seed: 6 })).not.toEqual(first(500, OPTIONS));
  });

  it('kills in nine of ten faults, and draws every kind', () => {
    const plan = first(5000, { ...OPTIONS, eachOnce: false });

    expect(plan.filter(({ kind }) => killsOf(kind) > 0).length / plan.length).toBeGreaterThan(0.9);
    expect(new Set(plan.map(({ kind }) => kind)).size).toBe(FAULT_KINDS.length);
  });

  it('begins with one of each kind', () => {
    const kinds = first(FAULT_KINDS.length, OPTIONS).map(({ kind }) => kind);

    expect(kinds.toSorted()).toEqual(FAULT_KINDS.toSorted());
  });

  it('kills a Holdfast that starts 100 to 600 ms after its start, and as often one that records', () => {
    const plan = first(1000, { ...OPTIONS, kinds: ['app'] });
    const starting = plan.filter(({ moment }) => moment.after === 'start').map(({ moment }) => moment.delayMs);

    expect(Math.min(...starting)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...starting)).toBeLessThan(600);
    expect(starting.length / plan.length).toBeGreaterThan(0.4);
    expect(starting.length / plan.length).toBeLessThan(0.6);
  });

  it('never harms anything but Holdfast while that still starts', () => {
    const kinds = new Set(
      first(1000, OPTIONS)
        .filter(({ moment }) => moment.after === 'start')
        .map(({ kind }) => kind),
    );

    expect([...kinds].toSorted()).toEqual(['app', 'both']);
  });

  it('ends when no kind kills', () => {
    expect([...planFaults({ ...OPTIONS, kinds: ['stop-app'] })]).toHaveLength(1);
  });
});

describe('parseFaultKinds', () => {
  it('reads names in any order and refuses what there is not', () => {
    expect(parseFaultKinds('redis, app')).toEqual(['app', 'redis']);
    expect(() => parseFaultKinds('app,flood')).toThrow('There is no fault "flood"');
  });
});

describe('kindsFor', () => {
  it('empties no server but one that is named, and damages no files of that', () => {
    expect(kindsFor('own', FAULT_KINDS)).not.toContain('flushall');
    expect(kindsFor('named', FAULT_KINDS).filter((kind) => kind.startsWith('aof-'))).toEqual([]);
    expect(kindsFor('named', FAULT_KINDS)).toContain('flushall');
  });
});
