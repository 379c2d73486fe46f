import { describe, expect, it } from 'vitest';
import type { StatusSnapshot } from '../../shared/status.ts';
import { NOW, health, quietSnapshot } from '../test-support/quiet-snapshot.ts';
import { lampOf, overallLamp, pipeStates, stageViews, tankSegments } from './stages.ts';

const pipes = (snapshot: StatusSnapshot) => pipeStates(snapshot, stageViews(snapshot, 'live', NOW));
const filled = (depth: number | null) => tankSegments(depth).filter((segment) => segment !== null);

describe('Lamps', () => {
  it.each([
    ['starting', 'busy'],
    ['healthy', 'ok'],
    ['degraded', 'warn'],
    ['failed', 'error'],
    ['stopped', 'off'],
  ] as const)('show %s as %s', (state, lamp) => {
    expect(lampOf(health(state), 'live')).toBe(lamp);
    expect(lampOf(health(state), 'late')).toBe(lamp);
  });

  it('show what the person holds as paused', () => {
    expect(lampOf(health('stopped', 'PAUSED'), 'live')).toBe('paused');
  });

  it('know nothing without a signal', () => {
    expect(lampOf(health('failed'), 'lost')).toBe('unknown');
    expect([overallLamp('error', 'lost'), overallLamp('ok', 'waiting')]).toEqual(['unknown', 'unknown']);
  });

  it('show starting and stopping as work', () => {
    expect([overallLamp('starting', 'live'), overallLamp('stopping', 'live'), overallLamp('warn', 'late')]).toEqual([
      'busy',
      'busy',
      'warn',
    ]);
  });
});

describe('Stages', () => {
  it('stand in the order of the flow, each with its figures', () => {
    const lines = stageViews(quietSnapshot(), 'live', NOW).map((stage) => [stage.name, ...stage.lines]);

    expect(lines).toEqual([
      ['transcripts', '12 files', '3 active'],
      ['watcher', 'lag 0 s', 'beat 3 s'],
      ['archive', 'written 4 s ago', '4.2 MB'],
      ['queue', 'depth 0', 'pending 0'],
      ['consumer', 'p95 38 ms', 'beat 4 s'],
      ['store', 'save 4 s ago', '9 MB'],
    ]);
  });

  it('put what is wrong with the transcripts before what is active', () => {
    const quiet = quietSnapshot();
    const withTrouble = (trouble: Partial<StatusSnapshot['transcripts']>) =>
      stageViews({ ...quiet, transcripts: { ...quiet.transcripts, ...trouble } }, 'live', NOW)[0]?.lines[1];

    expect(withTrouble({ missingRoots: ['/mnt/work'] })).toBe('1 folder missing');
    expect(withTrouble({ missingRoots: ['/mnt/work'], blockedFiles: 2 })).toBe('2 blocked');
  });

  it('call a heartbeat missing after a minute', () => {
    const quiet = quietSnapshot();
    const consumer = { ...quiet.consumer, lastBeatAt: NOW - 61_000 };

    expect(stageViews({ ...quiet, consumer }, 'live', NOW)[4]?.lines[1]).toBe('no beat 1 min');
  });
});

describe('Pipes', () => {
  it('flow while nothing is wrong', () => {
    expect(pipes(quietSnapshot())).toEqual(['flow', 'flow', 'flow', 'flow', 'flow']);
  });

  it('are blocked on both sides of a stage that failed', () => {
    const quiet = quietSnapshot();

    expect(pipes({ ...quiet, consumer: { ...quiet.consumer, health: health('failed') } })).toEqual([
      'flow',
      'flow',
      'flow',
      'blocked',
      'blocked',
    ]);
  });

  it('are off around a queue that is bypassed, and where the person holds them', () => {
    const quiet = quietSnapshot();
    const paused = { ...quiet.watcher, health: health('stopped', 'PAUSED') };

    expect(pipes({ ...quiet, queue: { ...quiet.queue, mode: 'bypass' } })).toEqual([
      'flow',
      'flow',
      'off',
      'off',
      'flow',
    ]);
    expect(pipes({ ...quiet, watcher: paused })).toEqual(['off', 'off', 'flow', 'flow', 'flow']);
  });
});

describe('Tank', () => {
  it.each([
    [null, 0],
    [0, 0],
    [1, 1],
    [20, 1],
    [21, 2],
    [100, 5],
    [101, 6],
    [500, 8],
    [612, 9],
    [100_000, 10],
  ])('at a depth of %s has %d segments filled', (depth, segments) => {
    expect(filled(depth)).toHaveLength(segments);
  });

  it('colours what is above the limits only', () => {
    expect(filled(612)).toEqual(['level', 'level', 'level', 'level', 'level', 'low', 'low', 'low', 'crit']);
  });
});
