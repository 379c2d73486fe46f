import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentBed, fixtureTree } from './test-support/agent-bed.ts';
import { expectManifest } from './test-support/manifest-truth.ts';
import { generator } from './test-support/store-bed.ts';
import { meaningOf, rowsOf } from './test-support/store-state.ts';

const FIXTURE = 'codex-0.169.0';
const ROOT = path.join(fixtureTree(FIXTURE), 'home/.codex');

describe('the rollouts of Codex 0.169.0, saved', () => {
  it.each([
    ['as whole files', () => Infinity],
    ['line by line', () => 1],
    ['in pieces', () => 9000],
  ])('%s give every session its exchanges with their words, each once and in order', (_, nextLength) => {
    using bed = new AgentBed('codex');
    const files = bed.archiveTree(ROOT);
    for (const file of files) bed.saveAll(bed.segmentsOf(file, nextLength));

    expectManifest(FIXTURE, bed.exported());
    expect(bed.audit.duplicates()).toBe(0);
    expect(bed.audit.drift()).toBe(0);
    expect(bed.figures.deadLetters(10)).toEqual([]);
    bed.checkFullText();
  });

  it('are not changed by being read again from the start, whatever the pieces', () => {
    using bed = new AgentBed('codex');
    const files = bed.archiveTree(ROOT);
    for (const file of files) bed.saveAll(bed.segmentsOf(file));
    const before = rowsOf(bed.database);
    const meaning = meaningOf(bed.database);
    const random = generator(5);

    bed.readAgain(files, () => Math.ceil(random() * 20_000));
    bed.reopen();
    bed.readAgain(files, () => 1);

    expect(meaningOf(bed.database)).toEqual(meaning);
    expect(rowsOf(bed.database)).toEqual(before);
  });
});
