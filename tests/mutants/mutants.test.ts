import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './mutants.ts';

const ROOT = path.join(import.meta.dirname, '../..');

describe('Every mutant', () => {
  it('has an id of its own, and the listed sixteen are among them', () => {
    const ids = MUTANTS.map((mutant) => mutant.id);

    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(Array.from({ length: 16 }, (_, index) => String(index + 1))));
  });

  it.each(MUTANTS)('can be made of the source as it is: $id, $title', ({ edits }) => {
    const found = edits.map(({ file, search }) => readFileSync(path.join(ROOT, file), 'utf8').split(search).length - 1);

    expect(found).toEqual(edits.map(() => 1));
  });
});
