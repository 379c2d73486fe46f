import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { needsOf, selectStages, STAGES } from './test-stages.ts';

describe('selectStages', () => {
  it('runs everything, or what is named in the usual order', () => {
    expect(selectStages([])).toBe(STAGES);
    expect(selectStages(['unit', 'lint', 'unit']).map((stage) => stage.name)).toEqual(['lint', 'unit']);
  });

  it('refuses an unknown name and lists the known ones', () => {
    expect(() => selectStages(['units'])).toThrow(/"units".*unit, conformance/);
  });
});

describe('needsOf', () => {
  it('prepares nothing for a check and everything for the desktop', () => {
    expect(needsOf(selectStages(['lint', 'types'])).size).toBe(0);
    expect([...needsOf(selectStages(['desktop']))].sort()).toEqual(['build', 'desktop', 'redis', 'system']);
  });
});

describe('STAGES', () => {
  it('names programs that are installed', () => {
    const root = path.resolve(import.meta.dirname, '..');

    expect(STAGES.map(({ script }) => script[0]).filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });
});
