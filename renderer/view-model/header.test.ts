import { describe, expect, it } from 'vitest';
import type { OverallState, StatusSnapshot } from '../../shared/status.ts';
import { NOW, health, quietSnapshot } from '../test-support/quiet-snapshot.ts';
import { headerView } from './header.ts';

const OVERALL: readonly OverallState[] = ['starting', 'ok', 'busy', 'warn', 'error', 'paused', 'stopping'];
const CHECKS = ['archiveCurrent', 'allSaved', 'watcherAlive', 'queueAnswers'] as const;
/** Every combination of the four checks. */
const SAFETIES = Array.from({ length: 2 ** CHECKS.length }, (_, bits) => {
  const holds = (check: (typeof CHECKS)[number]) => (bits & (1 << CHECKS.indexOf(check))) !== 0;
  return {
    archiveCurrent: holds('archiveCurrent'),
    allSaved: holds('allSaved'),
    watcherAlive: holds('watcherAlive'),
    queueAnswers: holds('queueAnswers'),
  };
});

const sentence = (snapshot: StatusSnapshot) => headerView(snapshot, 'live', NOW).sentence;

describe('Header', () => {
  it('says that everything is saved when all is committed', () => {
    expect(headerView(quietSnapshot(), 'live', NOW)).toEqual({
      lamp: 'ok',
      sentence: 'Recording. Everything is saved.',
      support: 'Last save 4 s ago · 12 conversations · running 6 d 4 h',
    });
  });

  it('never promises more than the checks hold, whatever else is true', () => {
    const broken = SAFETIES.flatMap((safety) => OVERALL.map((overall) => ({ safety, overall }))).filter(
      ({ safety, overall }) => {
        const view = headerView({ ...quietSnapshot(), overall, safety }, 'live', NOW);
        const keeps = safety.archiveCurrent && safety.watcherAlive && safety.queueAnswers;
        const words = `${view.sentence} ${view.support}`;
        return (
          (/nothing is lost/i.test(words) && !keeps) ||
          (/everything is saved/i.test(words) && !(keeps && safety.allSaved))
        );
      },
    );

    expect(SAFETIES).toHaveLength(16);
    expect(broken).toEqual([]);
  });

  it('names the check that does not hold', () => {
    const quiet = quietSnapshot();
    const view = headerView({ ...quiet, safety: { ...quiet.safety, archiveCurrent: false } }, 'live', NOW);

    expect(view.sentence).toBe('Recording. Checking what is safe.');
    expect(view.support).toBe(
      'The archive is behind the transcripts · Last save 4 s ago · 12 conversations · running 6 d 4 h',
    );
  });

  it('says what waits while a batch is on its way', () => {
    const quiet = quietSnapshot();
    const view = headerView(
      { ...quiet, safety: { ...quiet.safety, allSaved: false }, queue: { ...quiet.queue, depth: 1 } },
      'live',
      NOW,
    );

    expect(view.sentence).toBe('Recording. Nothing is lost: saving now.');
    expect(view.support).toContain('1 message waiting');
  });

  it.each([
    ['store', 'Saving is stopped.'],
    ['consumer', 'Saving is stopped.'],
    ['archive', 'Writing to the archive is stopped.'],
    ['watcher', 'Watching the transcripts is stopped.'],
    ['transcripts', 'The transcripts cannot be read.'],
    ['queue', 'The queue is stopped.'],
  ] as const)('names a stop of %s first', (part, stopped) => {
    const quiet = quietSnapshot();
    const failed = { ...quiet, overall: 'error' as const, [part]: { ...quiet[part], health: health('failed') } };

    expect(sentence(failed)).toBe(`${stopped} Everything is saved.`);
  });

  it('says how many messages a fault keeps waiting', () => {
    const quiet = quietSnapshot();
    const store = { ...quiet.store, health: health('failed', 'STORE_FAILING') };
    const stopped: StatusSnapshot = {
      ...quiet,
      overall: 'error',
      store,
      safety: { ...quiet.safety, allSaved: false },
      queue: { ...quiet.queue, depth: 612 },
    };

    expect(sentence(stopped)).toBe('Saving is stopped. Nothing is lost: 612 messages are waiting.');
    expect(sentence({ ...stopped, queue: { ...stopped.queue, depth: null } })).toBe(
      'Saving is stopped. Nothing is lost.',
    );
  });

  it('gives the cause of a warning, and the promise below it', () => {
    const quiet = quietSnapshot();
    const queue = { ...quiet.queue, mode: 'bypass' as const, health: health('degraded', 'REDIS_BYPASSED') };
    const view = headerView({ ...quiet, overall: 'warn', queue }, 'live', NOW);

    expect(view.lamp).toBe('warn');
    expect(view.sentence).toBe('Recording. Redis is bypassed: batches go straight to SQLite.');
    expect(view.support).toMatch(/^Everything is saved · /);
  });

  it('says that nothing is recorded when the watcher does not run', () => {
    const quiet = quietSnapshot();
    const watcher = { ...quiet.watcher, health: health('stopped') };

    expect(sentence({ ...quiet, watcher })).toMatch(/^Not recording\./);
  });

  it('says until when it is paused, but a fault comes first', () => {
    const quiet = quietSnapshot();
    const paused: StatusSnapshot = { ...quiet, overall: 'paused', pause: { paused: true, until: null } };

    expect(sentence(paused)).toBe('Paused by you. Nothing is recorded until you resume.');
    const fault = headerView(
      { ...paused, overall: 'error', store: { ...quiet.store, health: health('failed') } },
      'live',
      NOW,
    );
    expect(fault.sentence).toMatch(/^Saving is stopped\./);
    expect(fault.support).toMatch(/^Paused by you · /);
  });

  it('says that recording is held by a full disk, and what to do, before anything else', () => {
    const quiet = quietSnapshot();
    const view = headerView(
      {
        ...quiet,
        overall: 'error',
        safety: { ...quiet.safety, archiveCurrent: false },
        archive: { ...quiet.archive, health: health('failed', 'DISK_FULL') },
        disk: { ...quiet.disk, level: 'held', freeBytes: 150_000_000, heldSince: NOW },
      },
      'live',
      NOW,
    );

    expect(view.sentence).toBe(
      'Recording is held: only 150 MB are free on the disk. Free some space, and it goes on by itself.',
    );
    expect(view.support).toMatch(/^What the agents write waits in their own files · Last save/);
  });

  it('claims nothing without a signal', () => {
    expect(headerView(quietSnapshot(), 'lost', NOW).lamp).toBe('unknown');
    expect(headerView(quietSnapshot(), 'lost', NOW).sentence).toBe('No signal.');
    expect(headerView(null, 'waiting', NOW).lamp).toBe('unknown');
    expect(headerView(null, 'lost', NOW).sentence).toBe('No signal.');
  });
});
