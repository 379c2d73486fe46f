import { describe, expect, it } from 'vitest';
import type { HealthReason, JobView, OverallState, StatusSnapshot } from '../../shared/status.ts';
import { NOW, alarmSnapshot, calmSnapshot, health, recentSaves } from '../../tests/window/sample-snapshot.ts';
import { clockTimes } from './clock-time.ts';
import { MOST_TOOLTIP_LENGTH, trayView } from './tray-view.ts';
import type { TrayMenuEntry } from './tray-view.ts';

const clockTime = clockTimes('UTC');
const MINUTE = 60_000;

const viewOf = (snapshot: StatusSnapshot | null, resync: JobView | null = null) =>
  trayView({ snapshot, resync }, clockTime);
const labelsOf = (menu: readonly TrayMenuEntry[]) =>
  menu.flatMap((entry) => (entry.kind === 'separator' ? [] : [entry.label]));
const job = (change: Partial<JobView>): JobView => ({
  id: 'job-1',
  kind: 'resync',
  state: 'running',
  startedAt: NOW,
  endedAt: null,
  phase: 'archiving',
  doneBytes: 45,
  totalBytes: 100,
  doneFiles: 1,
  totalFiles: 2,
  report: null,
  error: null,
  ...change,
});
const withQueue = (snapshot: StatusSnapshot, depth: number | null): StatusSnapshot => ({
  ...snapshot,
  queue: { ...snapshot.queue, depth },
});

describe('the tooltip', () => {
  it.each<[string, StatusSnapshot | null]>([
    ['Starting. Checking what is safe.', null],
    ['Starting. Checking what is safe.', { ...calmSnapshot(), overall: 'starting' }],
    ['Recording. 6 waiting. Saved 16:42.', calmSnapshot()],
    ['Recording. Saved 16:42.', withQueue(calmSnapshot(), 0)],
    ['Recording. Saved 16:42.', withQueue(calmSnapshot(), null)],
    ['Recording. 6 waiting. Saved 16:42.', { ...calmSnapshot(), overall: 'busy' }],
    ['Stopping. Finishing what has begun.', { ...calmSnapshot(), overall: 'stopping' }],
    [
      'Paused by you until 18:00. Nothing is recorded.',
      { ...calmSnapshot(), overall: 'paused', pause: { paused: true, until: Date.UTC(2026, 4, 16, 18) } },
    ],
    [
      'Paused by you. Nothing is recorded.',
      { ...calmSnapshot(), overall: 'paused', pause: { paused: true, until: null } },
    ],
    ['Stopped: saving. 612 safe in queue.', alarmSnapshot()],
  ])('says "%s"', (words, snapshot) => {
    expect(viewOf(snapshot).tooltip).toBe(words);
  });

  it('says that nothing was saved yet, and the day of a save of another day', () => {
    const calm = withQueue(calmSnapshot(), 0);

    expect(viewOf({ ...calm, store: { ...calm.store, lastSaveAt: null } }).tooltip).toBe(
      'Recording. Nothing saved yet.',
    );
    expect(viewOf({ ...calm, store: { ...calm.store, lastSaveAt: NOW - 24 * 60 * MINUTE } }).tooltip).toBe(
      'Recording. Saved 15 May 16:42.',
    );
  });

  it('calls nothing safe before it was checked', () => {
    const stopped = alarmSnapshot();
    const unproven = { ...stopped, safety: { ...stopped.safety, archiveCurrent: false } };

    expect(viewOf(unproven).tooltip).toBe('Stopped: saving. Checking what is safe.');
    expect(viewOf(withQueue(stopped, 0)).tooltip).toBe('Stopped: saving. Nothing is lost.');
  });

  it.each<[HealthReason, string]>([
    ['CONSUMER_STALLED', 'Warning: 2 not confirmed. Saved 16:42.'],
    ['CONSUMER_RETRYING', 'Warning: a save is tried again. Saved 16:42.'],
    ['QUEUE_BACKLOG', 'Warning: 6 waiting. Saved 16:42.'],
    ['REDIS_BYPASSED', 'Warning: saving without the queue. Saved 16:42.'],
    ['REDIS_RESTARTING', 'Warning: queue is starting again. Saved 16:42.'],
    ['REDIS_FAILED', 'Warning: queue does not answer. Saved 16:42.'],
    ['WATCH_INCOMPLETE', 'Warning: some changes are seen late. Saved 16:42.'],
    ['SOURCE_MISSING', 'Warning: a transcript folder is missing. Saved 16:42.'],
    ['FILES_BLOCKED', 'Warning: 3 files cannot be read. Saved 16:42.'],
    ['ARCHIVE_FAILING', 'Warning: archive cannot be written. Saved 16:42.'],
    ['STORE_FAILING', 'Warning: SQLite saves fail. Saved 16:42.'],
    ['DISK_LOW', 'Warning: disk is nearly full. Saved 16:42.'],
    ['DEAD_LETTERS', 'Warning: 1 dead letter. Saved 16:42.'],
    ['PAUSED', 'Warning: paused by you. Saved 16:42.'],
  ])('names %s', (reason, words) => {
    const calm = calmSnapshot();
    const warned: StatusSnapshot = {
      ...calm,
      overall: 'warn',
      consumer: { ...calm.consumer, health: health('degraded', reason) },
      transcripts: { ...calm.transcripts, blockedFiles: 3 },
      store: { ...calm.store, deadLetters: 1 },
    };

    expect(viewOf(warned).tooltip).toBe(words);
  });

  it('is never longer than Windows shows', () => {
    const long = { ...calmSnapshot(), overall: 'warn' as const };

    expect(viewOf(withQueue(long, 10 ** 15), job({})).tooltip.length).toBeLessThanOrEqual(MOST_TOOLTIP_LENGTH);
    expect(MOST_TOOLTIP_LENGTH).toBeLessThan(127);
  });
});

describe('the icon', () => {
  it.each<[OverallState, string]>([
    ['starting', 'busy'],
    ['ok', 'ok'],
    ['busy', 'busy'],
    ['warn', 'warn'],
    ['error', 'error'],
    ['paused', 'paused'],
    ['stopping', 'busy'],
  ])('for %s is %s', (overall, icon) => {
    expect(viewOf({ ...calmSnapshot(), overall }).icon).toBe(icon);
  });
});

describe('the menu', () => {
  it('is short while the program starts', () => {
    expect(labelsOf(viewOf(null).menu)).toEqual(['Starting', 'Open status', 'Quit']);
  });

  it('has its entries in their order, with the state on top', () => {
    expect(labelsOf(viewOf(calmSnapshot()).menu)).toEqual([
      'Recording. Saved 16:42.',
      'Open status',
      'Force resync',
      'Pause recording',
      'Recent saves',
      'Open data folder',
      'Check health',
      'Quit',
    ]);
  });

  it('does not change with the queue, or with anything else that changes every second', () => {
    const later = { ...calmSnapshot(), at: NOW + 5000 };

    expect(viewOf(withQueue(later, 99)).menu).toEqual(viewOf(calmSnapshot()).menu);
    expect(viewOf({ ...later, overall: 'busy' }).menu).toEqual(viewOf(calmSnapshot()).menu);
  });

  it('offers three ways to pause, or the way back', () => {
    const pause = viewOf(calmSnapshot()).menu.find((entry) => entry.kind === 'submenu');
    const paused = { ...calmSnapshot(), overall: 'paused' as const, pause: { paused: true, until: null } };

    expect(pause).toMatchObject({
      entries: [{ command: { minutes: 15 } }, { command: { minutes: 60 } }, { command: { minutes: null } }],
    });
    expect(viewOf(paused).menu).toContainEqual({
      kind: 'command',
      label: 'Resume recording',
      command: { kind: 'resume' },
    });
    expect(labelsOf(viewOf(paused).menu)).not.toContain('Pause recording');
  });

  it('opens the five newest conversations by their titles', () => {
    const [save] = recentSaves();
    const hostile = `a & b\u202Egnp\n${'x'.repeat(100)}`;
    const saves = save === undefined ? [] : [{ ...save, title: hostile }, { ...save, title: ' \n ' }, ...recentSaves()];

    const recent = viewOf({ ...calmSnapshot(), recentSaves: saves }).menu.find(
      (entry) => entry.kind === 'submenu' && entry.label === 'Recent saves',
    );

    expect(recent).toMatchObject({
      entries: [
        {
          label: `a && b gnp ${'x'.repeat(39)}…`,
          command: { kind: 'open-conversation', session: 'session-0', exchange: 'exchange-0' },
        },
        { label: 'Untitled' },
        {},
        {},
        {},
      ],
    });
    expect(labelsOf(viewOf({ ...calmSnapshot(), recentSaves: [] }).menu)).toContain('Recent saves: none yet');
  });

  it('shows the progress of a resync in steps, then how it ended', () => {
    const proof = {
      ...{ kind: 'verify' as const, files: 58, bytes: 9, records: 9, exchanges: 9, subagentExchanges: 0, missing: 0 },
      ...{ duplicated: 0, quarantined: 0, drift: 0, missingBytes: [], missingRecords: [], unreadable: [] },
    };
    const report: JobView['report'] = {
      ...{ kind: 'resync' as const, files: 58, bytes: 9, records: 9, exchanges: 9, subagentExchanges: 0, imported: 0 },
      ...{ skipped: 58, failed: 0, newRecords: 0, quarantined: 0, failures: [], proof },
    };
    const done = job({ state: 'done', endedAt: NOW, report });

    expect(labelsOf(viewOf(calmSnapshot(), job({})).menu)[2]).toBe('Resyncing… 40 %');
    expect(viewOf(calmSnapshot(), job({})).tooltip).toBe('Resyncing… 40 % Recording. 6 waiting. Saved 16:42.');
    expect(labelsOf(viewOf(calmSnapshot(), job({ totalBytes: 0 })).menu)[2]).toBe('Resyncing… 0 %');
    expect(labelsOf(viewOf(calmSnapshot(), done).menu).slice(2, 4)).toEqual([
      'Force resync',
      'Resynced 58 files: nothing new, nothing missing. 16:42',
    ]);
    const found = job({ ...done, report: { ...report, newRecords: 7, failed: 1, proof: { ...proof, missing: 2 } } });
    expect(labelsOf(viewOf(calmSnapshot(), found).menu)[3]).toBe(
      'Resynced 58 files: 7 new records, 2 missing, 1 unreadable. 16:42',
    );
    expect(labelsOf(viewOf(calmSnapshot(), job({ state: 'failed', endedAt: NOW })).menu)[3]).toBe(
      'Resync failed. 16:42',
    );
    expect(labelsOf(viewOf(calmSnapshot(), job({ state: 'cancelled', endedAt: NOW })).menu)[3]).toBe(
      'Resync was cancelled. 16:42',
    );
  });

  it('offers no resync while another job runs', () => {
    const importing = { ...calmSnapshot(), job: job({ kind: 'import' }) };

    expect(viewOf(importing).menu).toContainEqual({
      kind: 'text',
      label: 'Force resync (after the import that runs)',
    });
  });
});

describe('urgency', () => {
  it('changes with the state, the pause and the resync, and with nothing else', () => {
    const calm = viewOf(calmSnapshot()).urgency;

    expect(viewOf(withQueue({ ...calmSnapshot(), at: NOW + 5000 }, 400)).urgency).toBe(calm);
    expect(viewOf({ ...calmSnapshot(), overall: 'warn' }).urgency).not.toBe(calm);
    expect(viewOf({ ...calmSnapshot(), pause: { paused: false, until: NOW } }).urgency).not.toBe(calm);
    expect(viewOf(calmSnapshot(), job({})).urgency).not.toBe(calm);
    expect(viewOf(calmSnapshot(), job({ doneBytes: 90 })).urgency).toBe(viewOf(calmSnapshot(), job({})).urgency);
  });
});
