import { describe, expect, it } from 'vitest';
import { HealthTracker, observe, type Component } from './component-health.ts';
import { NO_UPKEEP } from './test-support/no-upkeep.ts';
import { NOW, factsWith } from './test-support/sample-facts.ts';

const COMPONENTS: readonly Component[] = ['transcripts', 'watcher', 'archive', 'queue', 'consumer', 'store'];

describe('observe', () => {
  it('calls every part healthy while all is well', () => {
    expect(COMPONENTS.map((component) => observe(component, factsWith()).state)).toEqual(
      COMPONENTS.map(() => 'healthy'),
    );
  });

  it('calls every part starting or stopped while the program is', () => {
    const isFailing = { store: { isFailing: true } };

    expect(
      new Set(COMPONENTS.map((component) => observe(component, factsWith({ ...isFailing, isStarting: true })).state)),
    ).toEqual(new Set(['starting']));
    expect(
      new Set(
        COMPONENTS.map((component) => observe(component, factsWith({ isStarting: true, isStopping: true })).state),
      ),
    ).toEqual(new Set(['stopped']));
  });

  it.each<[Component, string, Parameters<typeof factsWith>[0]]>([
    ['transcripts', 'degraded FILES_BLOCKED', { capture: { blockedFiles: 2 } }],
    ['transcripts', 'degraded SOURCE_MISSING', { capture: { files: 0, missingRoots: ['/home/ana/.claude'] } }],
    ['transcripts', 'healthy null', { capture: { files: 3, missingRoots: ['/home/ana/.claude'] } }],
    ['watcher', 'failed WATCH_INCOMPLETE', { capture: { lastBeatAt: NOW - 120_001 } }],
    ['watcher', 'failed WATCH_INCOMPLETE', { capture: { lastBeatAt: null } }],
    ['watcher', 'degraded WATCH_INCOMPLETE', { capture: { mode: 'polling' } }],
    ['watcher', 'degraded PAUSED', { pause: { paused: true, until: null }, capture: { lastBeatAt: null } }],
    ['archive', 'failed ARCHIVE_FAILING', { capture: { archiveFailing: true } }],
    ['queue', 'degraded REDIS_BYPASSED', { queue: { mode: 'bypass', serverState: 'missing' } }],
    ['queue', 'degraded REDIS_RESTARTING', { queue: { serverState: 'restarting' } }],
    ['queue', 'degraded REDIS_RESTARTING', { queue: { isWaiting: true } }],
    ['queue', 'degraded REDIS_FAILED', { queue: { serverState: 'failed' } }],
    ['queue', 'degraded REDIS_FAILED', { queue: { serverState: 'missing', isWaiting: true } }],
    ['queue', 'degraded QUEUE_BACKLOG', { queue: { depth: 501 } }],
    ['consumer', 'failed CONSUMER_STALLED', { consumer: { beatAgeMs: 120_001 } }],
    ['consumer', 'failed CONSUMER_STALLED', { consumer: { beatAgeMs: null } }],
    ['consumer', 'degraded CONSUMER_RETRYING', { consumer: { retryingForMs: 500 } }],
    ['archive', 'degraded ARCHIVE_DAMAGED', { upkeep: { scrub: { ...NO_UPKEEP.scrub, damaged: 1 } } }],
    ['archive', 'failed DISK_FULL', { disk: { level: 'held' }, capture: { archiveFailing: true } }],
    ['store', 'failed STORE_FAILING', { store: { isFailing: true }, disk: { level: 'held' } }],
    ['store', 'degraded DISK_LOW', { store: { deadLetters: 1 }, disk: { level: 'low' } }],
    ['store', 'degraded DEAD_LETTERS', { store: { deadLetters: 1 } }],
  ])('calls %s %s', (component, expected, changes) => {
    const { state, reason } = observe(component, factsWith(changes));

    expect(`${state} ${reason}`).toBe(expected);
  });
});

describe('HealthTracker', () => {
  it('keeps the time since when a state holds, and takes a new one with a new state or reason', () => {
    const tracker = new HealthTracker();
    const at = (seconds: number, changes: Parameters<typeof factsWith>[0]): number =>
      tracker.update('store', { ...factsWith(changes), now: NOW + seconds }).since - NOW;

    expect(at(0, {})).toBe(0);
    expect(at(1, {})).toBe(0);
    expect(at(2, { store: { deadLetters: 1 } })).toBe(2);
    expect(at(3, { store: { deadLetters: 5 } })).toBe(2);
    expect(at(4, { disk: { level: 'low' } })).toBe(4);
    expect(at(5, {})).toBe(5);
  });
});
