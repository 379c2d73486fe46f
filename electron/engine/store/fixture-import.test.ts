import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../../../shared/exchange.ts';
import { answersOf } from '../parse/exchange-parts.ts';
import type { SegmentToSave } from './segment-saver.ts';
import { FIXTURE_ROOT, groundTruth, sha256 } from './test-support/ground-truth.ts';
import { StoreBed, filesBelow, generator, isTranscript } from './test-support/store-bed.ts';
import { meaningOf, rowsOf } from './test-support/store-state.ts';

const FILES = filesBelow(FIXTURE_ROOT);
const FORK_PAST = 'Base of a fork: name a fruit.';
const FORK_ORIGIN = '61ee1fbc-ebac-47ba-a04a-b92eeff09fe5';

function archiveFixture(bed: StoreBed, files: readonly string[] = FILES): void {
  for (const file of files) bed.append(file, readFileSync(path.join(FIXTURE_ROOT, file)));
}

/** Segments of all files, mixed at random, each file's own ones in their order. */
function mixed(bed: StoreBed, seed: number, mostBytes: number, files: readonly string[] = FILES): SegmentToSave[] {
  const random = generator(seed);
  const queues = files.map((file) => bed.segmentsOf(file, () => Math.ceil(random() * mostBytes)));
  const order: SegmentToSave[] = [];
  for (;;) {
    const waiting = queues.filter((queue) => queue.length > 0);
    const next = waiting[Math.floor(random() * waiting.length)]?.shift();
    if (next === undefined) return order;
    order.push(next);
  }
}

function saveInBatches(bed: StoreBed, segments: readonly SegmentToSave[], count: number): void {
  for (let at = 0; at < segments.length; at += count) {
    const { segments: results } = bed.save(...segments.slice(at, at + count));
    expect(results.map((result) => result.outcome)).toEqual(results.map(() => 'committed'));
  }
}

function exported(bed: StoreBed): readonly Exchange[] {
  const items = bed.reader.page(0, 500).items;
  return [...items].sort((a, b) => a.sessionId.localeCompare(b.sessionId) || (a.startedAt ?? 0) - (b.startedAt ?? 0));
}

function expectGroundTruth(exchanges: readonly Exchange[]): void {
  const truth = groundTruth();
  for (const [sessionId, expected] of truth) {
    const found = exchanges.filter((exchange) => exchange.sessionId === sessionId && !exchange.isSubagent);
    expect(found.map((exchange) => exchange.prompt)).toEqual(expected.map((exchange) => exchange.prompt));
    expected.forEach(({ answers }, index) => {
      const said = answersOf(found[index]?.parts ?? []).map(sha256);
      expect(said.slice(0, answers.length)).toEqual(answers);
    });
  }
  expect(exchanges.filter((exchange) => !truth.has(exchange.sessionId))).toEqual([]);
}

describe('the transcripts of Claude Code 2.1.197, saved', () => {
  const reference = new StoreBed();
  const plan = {
    'whole files in reverse': (bed: StoreBed) => [...FILES].reverse().flatMap((file) => bed.segmentsOf(file)),
    'pieces of one file after the other': (bed: StoreBed) => FILES.flatMap((file) => bed.segmentsOf(file, () => 3000)),
    'lines of all files, mixed': (bed: StoreBed) => mixed(bed, 7, 1),
    'small pieces of all files, mixed': (bed: StoreBed) => mixed(bed, 20_261_122, 8000),
  } as const;

  beforeAll(() => {
    archiveFixture(reference);
    saveInBatches(
      reference,
      FILES.flatMap((file) => reference.segmentsOf(file)),
      1000,
    );
  });
  afterAll(() => {
    reference[Symbol.dispose]();
  });

  it('give every session its exchanges with their words, each once and in order', () => {
    expectGroundTruth(exported(reference));
    expect(reference.audit.duplicates()).toBe(0);
    expect(reference.audit.drift()).toBe(0);
    expect(reference.figures.deadLetters(10)).toEqual([]);
  });

  it('are marked where the conversation went back behind them', () => {
    const left = exported(reference).filter((exchange) => exchange.isAbandoned === true);

    expect(left.map((exchange) => exchange.prompt)).toEqual(['Interactive nine: rewind me.']);
  });

  it.each(Object.entries(plan))('mean the same, read as %s', (_name, segmentsOf) => {
    using bed = new StoreBed();
    archiveFixture(bed);

    saveInBatches(bed, segmentsOf(bed), 5);

    expect(exported(bed)).toEqual(exported(reference));
    expect(meaningOf(bed.database)).toEqual(meaningOf(reference.database));
    bed.checkFullText();
  });

  it('are not changed by a replay of every segment', () => {
    using bed = new StoreBed();
    archiveFixture(bed);
    const segments = mixed(bed, 3, 6000);
    saveInBatches(bed, segments, 7);
    const before = rowsOf(bed.database);
    bed.now += 600_000;

    const again = bed.save(...segments);
    bed.reopen();
    const later = bed.save(...segments);

    expect(new Set([...again.segments, ...later.segments].map((result) => result.outcome))).toEqual(
      new Set(['already']),
    );
    expect(rowsOf(bed.database)).toEqual(before);
  });

  it('are not changed by being read again from the start, whatever the pieces', () => {
    using bed = new StoreBed();
    archiveFixture(bed);
    saveInBatches(bed, mixed(bed, 3, 6000), 7);
    const before = rowsOf(bed.database);
    bed.now += 600_000;

    expect(bed.saver.forgetPositions(FILES.map((file) => bed.archivePathOf(file)))).toBe(FILES.length);
    bed.reopen();
    saveInBatches(bed, mixed(bed, 4, 20_000), 3);

    expect(rowsOf(bed.database)).toEqual(before);
  });

  it('end in the same state after any mixture of pieces, replays, losses of order and crashes', () => {
    const some = FILES.filter((file) => isTranscript(file) && /git-repo|interactive|history|tools/u.test(file));
    using expected = new StoreBed();
    archiveFixture(expected, some);
    saveInBatches(
      expected,
      some.flatMap((file) => expected.segmentsOf(file)),
      1000,
    );
    const meaning = meaningOf(expected.database);

    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 40_000 }), (seed, mostBytes) => {
        using bed = new StoreBed();
        archiveFixture(bed, some);
        disturb(bed, mixed(bed, seed, mostBytes, some), generator(seed + 1));
        expect(meaningOf(bed.database)).toEqual(meaning);
        expect(bed.audit.duplicates()).toBe(0);
        bed.checkFullText();
      }),
      { numRuns: 8 },
    );
  });

  it('put the past of forks under the session in which it was asked, in any order', () => {
    const forks = FILES.filter((file) => readFileSync(path.join(FIXTURE_ROOT, file), 'utf8').includes(FORK_PAST));
    const orders = permutations(forks.slice(0, 4));
    expect(orders.length).toBeGreaterThan(5);

    for (const order of orders) {
      using bed = new StoreBed();
      archiveFixture(bed, order);
      for (const file of order) bed.save(...bed.segmentsOf(file));
      const past = exported(bed).filter((exchange) => exchange.prompt === FORK_PAST);
      expect(past.map((exchange) => [exchange.sessionId, exchange.sessionIds.length])).toEqual([[FORK_ORIGIN, 3]]);
    }
  });

  it('are counted as they are', () => {
    const count = (sql: string): unknown => reference.database.prepare(sql).pluck().get();
    const counts = reference.figures.counts(reference.now);

    expect(counts.exchanges).toBe(count('SELECT count(*) FROM exchange WHERE is_subagent = 0'));
    expect(counts.subagentExchanges).toBe(count('SELECT count(*) FROM exchange WHERE is_subagent = 1'));
    expect(counts.records).toBe(count('SELECT count(*) FROM record'));
    expect(counts.sessions).toBe(count('SELECT count(DISTINCT session) FROM exchange_session'));
    expect(counts.sessions).toBe(reference.reader.sessions(1000, 0, null).length);
    expect(count("SELECT value FROM counter WHERE name = 'change_seq'")).toBe(
      count('SELECT max(change_seq) FROM exchange'),
    );
  });
});

/** Saves the segments with everything that a queue may do to them; ends when all are committed. */
function disturb(bed: StoreBed, segments: readonly SegmentToSave[], random: () => number): void {
  const waiting = [...segments];
  while (waiting.length > 0) {
    const chance = random();
    if (chance < 0.08) bed.reopen();
    const at = chance < 0.3 ? Math.floor(random() * waiting.length) : 0;
    const batch = waiting.slice(at, at + 1 + Math.floor(random() * 6));
    const { segments: results } = bed.save(...batch);
    const done = batch.filter((_, index) => results[index]?.outcome === 'committed' && random() > 0.2);
    for (const segment of done) waiting.splice(waiting.indexOf(segment), 1);
    const already = batch.filter((_, index) => results[index]?.outcome === 'already');
    for (const segment of already) waiting.splice(waiting.indexOf(segment), 1);
  }
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}
