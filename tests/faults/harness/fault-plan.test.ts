import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, kindsFor, killsOf, parseFaultKinds, planFaults } from './fault-plan.ts';

const OPTIONS = { seed: 5, kinds: FAULT_KINDS, kills: 400, eachOnce: true };

describe('planFaults', () => {
  it('gives the same plan for the same seed, and another for another', () => {
    expect(planFaults(OPTIONS)).toEqual(planFaults(OPTIONS));
    expect(planFaults({ ...OPTIONS, seed: 6 })).not.toEqual(planFaults(OPTIONS));
  });

  it('kills as often as was asked for, and hardly more', () => {
    const kills = planFaults(OPTIONS).reduce((sum, { kind }) => sum + killsOf(kind), 0);

    expect(kills).toBeGreaterThanOrEqual(400);
    expect(kills).toBeLessThanOrEqual(401);
  });

  it('begins with one of each kind', () => {
    const first = planFaults({ ...OPTIONS, kills: 0 }).map(({ kind }) => kind);

    expect(first.toSorted()).toEqual(FAULT_KINDS.toSorted());
  });

  it('kills a Holdfast that starts 100 to 600 ms after its start, and as often one that records', () => {
    const plan = planFaults({ ...OPTIONS, kinds: ['app'], kills: 1000, eachOnce: false });
    const starting = plan.filter(({ moment }) => moment.after === 'start').map(({ moment }) => moment.delayMs);

    expect(Math.min(...starting)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...starting)).toBeLessThan(600);
    expect(starting.length / plan.length).toBeGreaterThan(0.4);
    expect(starting.length / plan.length).toBeLessThan(0.6);
  });

  it('never harms anything but Holdfast while that still starts', () => {
    const kinds = new Set(
      planFaults(OPTIONS)
        .filter(({ moment }) => moment.after === 'start')
        .map(({ kind }) => kind),
    );

    expect([...kinds].toSorted()).toEqual(['app', 'both']);
  });

  it('ends when no kind kills', () => {
    expect(planFaults({ ...OPTIONS, kinds: ['stop-app'], kills: 10 })).toHaveLength(1);
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
