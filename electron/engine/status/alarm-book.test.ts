import { describe, expect, it } from 'vitest';
import { AlarmBook } from './alarm-book.ts';
import type { StoreRecovery } from '../../../shared/status.ts';
import type { StatusFacts } from './status-facts.ts';
import { NO_UPKEEP } from './test-support/no-upkeep.ts';
import { NOW, RUNNING_IMPORT, factsWith } from './test-support/sample-facts.ts';
import { THRESHOLDS } from './thresholds.ts';

/** `key priority` of what is raised once the facts have held for an hour. */
function raisedBy(facts: StatusFacts): readonly string[] {
  const book = new AlarmBook();
  book.update(facts, 0);
  return book.update(facts, 3_600_000).map(({ key, priority }) => `${key} ${priority}`);
}

/** A database that was put aside. */
function recovered(changes: Partial<StoreRecovery>): Partial<StatusFacts['upkeep']> {
  return {
    recovery: {
      ...{ at: NOW - 60_000, cause: 'damage', reason: 'It was damaged.', setAside: '/data/old', backup: null },
      ...{ state: 'done', doneBytes: 0, totalBytes: 0, salvaged: 3, endedAt: NOW - 1000, ...changes },
    },
  };
}

describe('AlarmBook', () => {
  it('raises nothing while all is well', () => {
    expect(raisedBy(factsWith())).toEqual([]);
  });

  it.each<[string, Parameters<typeof factsWith>[0]]>([
    ['store.failing 1', { store: { isFailing: true } }],
    ['archive.failing 1', { capture: { archiveFailing: true } }],
    ['consumer.beat.warning 3', { consumer: { beatAgeMs: 60_001 } }],
    ['consumer.beat 2', { consumer: { beatAgeMs: 120_001 } }],
    ['consumer.beat 1', { consumer: { beatAgeMs: 120_001 }, queue: { depth: 1 } }],
    ['watcher.beat.warning 3', { capture: { lastBeatAt: NOW - 60_001 } }],
    ['watcher.beat 2', { capture: { lastBeatAt: NOW - 120_001 } }],
    ['unsaved.warning 3', { capture: { unsavedForMs: 60_001 } }],
    ['unsaved 1', { capture: { unsavedForMs: 120_001 } }],
    ['files.blocked 3', { capture: { blockedFiles: 1 } }],
    ['watcher.polling 3', { capture: { mode: 'polling' } }],
    ['disk.warning 3', { disk: { level: 'low' } }],
    ['disk.held 1', { disk: { level: 'held' }, capture: { archiveFailing: true, unsavedForMs: 1e6 } }],
    ['queue.bypass 2', { queue: { mode: 'bypass' } }],
    ['redis.aof 1', { queue: { server: { ...factsWith().queue.server, aof: 'error' } } }],
    ['redis.memory.warning 3', { queue: { server: { ...factsWith().queue.server, memoryBytes: 210_000_000 } } }],
    ['redis.memory 2', { queue: { server: { ...factsWith().queue.server, memoryBytes: 250_000_000 } } }],
    ['queue.depth.warning 3', { queue: { depth: 101 } }],
    ['queue.depth 2', { queue: { depth: 501 } }],
    ['queue.pending.warning 3', { queue: { pending: 11 } }],
    ['queue.pending 2', { queue: { pending: 51 } }],
    ['queue.oldest.warning 3', { queue: { oldestAgeMs: 60_001 } }],
    ['queue.oldest 2', { queue: { oldestAgeMs: 300_001 } }],
    ['store.deadLetters.warning 3', { store: { deadLetters: 1 } }],
    ['store.deadLetters 2', { store: { deadLetters: 10 } }],
    ['store.latency.warning 3', { consumer: { latency: [1, 251, 900] } }],
    ['store.latency 2', { consumer: { latency: [1, 501, 900] } }],
    ['store.rebuilding 2', { store: { isFailing: true }, upkeep: recovered({ state: 'replacing', endedAt: null }) }],
    ['store.rebuilding 2', { upkeep: recovered({ state: 'catching-up', endedAt: null }) }],
    ['store.recovered 4', { upkeep: recovered({}) }],
    ['store.unrecovered 1', { upkeep: recovered({ state: 'failed' }) }],
    ['archive.damaged 2', { upkeep: { scrub: { ...NO_UPKEEP.scrub, damaged: 2 } } }],
    ['backup.failed 3', { upkeep: { backup: { ...NO_UPKEEP.backup, failure: 'No room.' } } }],
    ['store.wal.warning 3', { store: { walBytes: 128 * 1024 * 1024 + 1 } }],
  ])('raises %s, and it alone', (expected, changes) => {
    expect(raisedBy(factsWith(changes))).toEqual([expected]);
  });

  it.each<[string, Parameters<typeof factsWith>[0]]>([
    ['a recovery of the day before', { upkeep: recovered({ endedAt: NOW - 25 * 3_600_000 }) }],
    ['a rebuild that somebody has asked for', { upkeep: recovered({ cause: 'rebuild' }) }],
    ['limits that are just reached', { queue: { depth: 100, pending: 10, oldestAgeMs: 60_000 } }],
    [
      'what could not be measured',
      { queue: { depth: null, pending: null, oldestAgeMs: null }, disk: { freeBytes: null } },
    ],
    ['a start', { isStarting: true, store: { isFailing: true }, capture: { lastBeatAt: null } }],
    ['a full queue during an import', { job: RUNNING_IMPORT, queue: { depth: 900, pending: 90, oldestAgeMs: 1e9 } }],
  ])('does not raise anything for %s', (_name, changes) => {
    expect(raisedBy(factsWith(changes))).toEqual([]);
  });

  it('raises an alarm once its condition has held for its delay, with the time at which it began', () => {
    const book = new AlarmBook();
    const { delayMs, warn } = THRESHOLDS.pending;
    const facts = factsWith({ queue: { pending: 20 }, capture: { lastBeatAt: null } });

    expect(book.update(facts, 5000)).toEqual([]);
    expect(book.update({ ...facts, now: NOW + delayMs - 1 }, 5000 + delayMs - 1)).toEqual([]);
    expect(book.update({ ...facts, now: NOW + delayMs }, 5000 + delayMs)).toEqual([
      { key: 'queue.pending.warning', priority: 3, raisedAt: NOW, value: 20, limit: warn },
    ]);
  });

  it('waits anew after a condition was gone in between', () => {
    const book = new AlarmBook();
    const bad = factsWith({ queue: { mode: 'bypass' } });

    book.update(bad, 0);
    expect(book.update(factsWith(), 29_000)).toEqual([]);
    book.update(bad, 29_500);

    expect(book.update(bad, 31_000)).toEqual([]);
    expect(book.update(bad, 59_500).map((alarm) => alarm.key)).toEqual(['queue.bypass']);
  });

  it('keeps the warning while the alarm above it waits for its delay', () => {
    const book = new AlarmBook();
    const keysAt = (depth: number, monotonic: number): readonly string[] =>
      book.update(factsWith({ queue: { depth } }), monotonic).map((alarm) => alarm.key);

    expect(keysAt(200, 0)).toEqual([]);
    expect(keysAt(200, 60_000)).toEqual(['queue.depth.warning']);
    expect(keysAt(600, 61_000)).toEqual(['queue.depth.warning']);
    expect(keysAt(600, 121_000)).toEqual(['queue.depth']);
    expect(keysAt(200, 122_000)).toEqual(['queue.depth.warning']);
    expect(keysAt(0, 123_000)).toEqual([]);
  });

  it('says of a pause that it is one, and still what fails', () => {
    const pause = { paused: true, until: null };

    expect(raisedBy(factsWith({ pause, capture: { lastBeatAt: NOW - 1e9, unsavedForMs: 1e9 } }))).toEqual(['paused 4']);
    expect(raisedBy(factsWith({ pause, store: { isFailing: true } }))).toEqual(['paused 4', 'store.failing 1']);
  });
});
