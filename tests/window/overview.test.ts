import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { StatusSnapshot } from '../../shared/status.ts';
import { FakeEngine, finishedJob, runningJob } from './fake-engine.ts';
import { alarmSnapshot, calmSnapshot, health } from './sample-snapshot.ts';
import { WindowFixture } from './window-fixture.ts';

let fixture: WindowFixture;

beforeAll(async () => {
  fixture = await WindowFixture.start();
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const heading = (page: Page) => page.getByRole('banner').getByRole('status');
const stage = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}: `) });

describe('Overview', () => {
  it('shows every figure of a calm recorder', async () => {
    await using opened = await fixture.open(new FakeEngine());
    const { page } = opened;

    await expect.poll(() => heading(page).textContent()).toBe('Recording. Everything is saved.');
    const text = await page.locator('body').innerText();
    for (const figure of [
      'Last save 4 s ago',
      '1,284 conversations',
      'running 6 d 4 h',
      '1,906 this hour',
      '12.4/min',
    ]) {
      expect(text).toContain(figure);
    }
    const labels = await page.evaluate(
      `[...document.querySelectorAll('.mimic .node')].map((node) => node.getAttribute('aria-label'))`,
    );
    expect(labels).toEqual([
      'Transcripts: Normal. 1,312 files, 14 active. Show its checks',
      'Watcher: Normal. lag 0.3 s, beat 3 s. Show its checks',
      'Archive: Normal. written 4 s ago, 1.2 GB. Show its checks',
      'Queue: Normal. depth 6, pending 2. Show its checks',
      'Consumer: Normal. p95 38 ms, beat 4 s. Show its checks',
      'SQLite: Normal. save 4 s ago, 412 MB. Show its checks',
    ]);
    expect(await meterTexts(page)).toEqual([
      'Queue depth: 6 msg, normal',
      'Pending: 2 msg, normal',
      'Oldest wait: 0.8 s, normal',
      'Heartbeat age: 4 s, normal',
      'Save latency p95: 38 ms, normal',
      'Dead letters: 0 msg, normal',
    ]);
    expect(await page.locator('.services').innerText()).toBe(
      'Redis\n118 MB\nAOF\non\nSQLite\n412 MB\nSQLite log\n4.2 MB\nArchive\n1.2 GB\nDisk free\n184 GB\nCapture gap\n0',
    );
    expect(await page.getByRole('table', { name: 'Recent saves' }).getByRole('row').first().innerText()).toBe(
      '16:42:07\t\nFix flaky retry in upload worker\n\tatlas-api\t18',
    );
    await expect
      .poll(() => page.getByRole('img', { name: /^Messages per minute over 24 hours: now 12\.4/ }).count())
      .toBe(1);
    await expect
      .poll(() => page.getByRole('img', { name: 'Errors per minute over 24 hours: now 0, at most 2' }).count())
      .toBe(1);
    expect(await page.getByRole('contentinfo').innerText()).toMatch(
      /^No active alarms\.\s+Live,\s+\S+ s\s+16:42:\d\d$/,
    );
    expect(opened.complaints).toEqual([]);
  });

  it('shows a dead consumer as a fault without fearing for what is kept', async () => {
    await using opened = await fixture.open(new FakeEngine(alarmSnapshot()));
    const { page } = opened;

    await expect
      .poll(() => heading(page).textContent())
      .toBe('Saving is stopped. Nothing is lost: 612 messages are waiting.');
    expect(await page.getByRole('alert').textContent()).toBe('The consumer has sent no heartbeat for 14 min.');
    expect(await page.getByRole('list', { name: 'Active alarms' }).innerText()).toMatch(
      /Critical: 1\s[^]*High: 1\s[^]*Low: 1\s[^]*Diagnostic: 1\s/,
    );
    expect(await stage(page, 'Consumer').getAttribute('aria-label')).toBe(
      'Consumer: Fault. p95 –, no beat 14 min. Show its checks',
    );
    expect(await meterTexts(page)).toEqual([
      'Queue depth: 612 msg, above alarm limit 500',
      'Pending: 57 msg, above alarm limit 50',
      'Oldest wait: 14:06 min, above alarm limit 5m',
      'Heartbeat age: 846 s, above alarm limit 120',
      'Dead letters: 3 msg, above warning limit 1',
    ]);
    expect(await page.locator('.pipe.is-blocked').count()).toBe(2);
    expect(await page.locator('.mimic .dead-letters').textContent()).toBe('Dead letters 3');
  });

  it.each(['archiveCurrent', 'watcherAlive', 'queueAnswers'] as const)(
    'promises nothing while %s does not hold',
    async (check) => {
      for (const snapshot of [calmSnapshot(), alarmSnapshot(), { ...calmSnapshot(), overall: 'warn' as const }]) {
        await using opened = await fixture.open(
          new FakeEngine({ ...snapshot, safety: { ...snapshot.safety, [check]: false } }),
        );

        await expect.poll(() => opened.page.locator('.mimic').count()).toBe(1);

        const text = await opened.page.getByRole('banner').innerText();
        expect(text).not.toMatch(/\bsaved\b|nothing is lost/i);
      }
    },
  );

  it('shows a dash for what was not measured, never a guess', async () => {
    const calm = calmSnapshot();
    const snapshot: StatusSnapshot = {
      ...calm,
      queue: { ...calm.queue, depth: null, pending: null, oldestAgeMs: null },
      consumer: { ...calm.consumer, lastBeatAt: null, latencyP50Ms: null, latencyP95Ms: null, latencyP99Ms: null },
      store: { ...calm.store, lastSaveAt: null, diskFreeBytes: null },
      disk: { ...calm.disk, freeBytes: null },
      captureGap: null,
      minutes: [],
      recentSaves: [],
    };
    await using opened = await fixture.open(new FakeEngine(snapshot));
    const { page } = opened;

    await expect.poll(() => page.locator('.ai .v').allInnerTexts()).toEqual(['–', '–', '–', '–', '–', '0']);
    expect(await page.locator('.mimic').textContent()).toContain('–/min');
    expect(await page.locator('.services').innerText()).toMatch(/Disk free\n–\nCapture gap\n–$/);
    expect(await page.getByText('No save yet. A conversation appears here within seconds.').count()).toBe(1);
    expect(opened.complaints).toEqual([]);
  });

  it('draws the bypass beside the tank and says so', async () => {
    const calm = calmSnapshot();
    const server = { version: null, origin: null, memoryBytes: null, aof: null, restarts: 0 };
    const queue = { ...calm.queue, mode: 'bypass', health: health('degraded', 'REDIS_BYPASSED'), server } as const;
    await using opened = await fixture.open(new FakeEngine({ ...calm, overall: 'warn', queue }));
    const { page } = opened;

    await expect
      .poll(() => heading(page).textContent())
      .toBe('Recording. Redis is bypassed: batches go straight to SQLite.');
    expect(await page.locator('.pipe.is-bypass').count()).toBe(1);
    expect(await stage(page, 'Queue').getAttribute('aria-label')).toContain('Warning. bypassed');
  });

  it('follows new snapshots', async () => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine);
    const { page } = opened;
    await expect.poll(() => fixture.server.openStreams).toBe(1);

    const calm = calmSnapshot();
    engine.publish({ ...calm, queue: { ...calm.queue, depth: 128 } });

    await expect.poll(() => meterTexts(page)).toContain('Queue depth: 128 msg, above warning limit 100');
  });

  it('starts a resync, shows how far it is and how it ended', async () => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine);
    const { page } = opened;

    await page.getByRole('button', { name: 'Force resync' }).click();

    await expect.poll(() => page.getByRole('progressbar', { name: 'Resync' }).getAttribute('aria-valuenow')).toBe('62');
    expect(engine.callsOf('jobs.start')).toEqual([{ kind: 'resync', session: null, project: null }]);
    expect(await page.getByRole('button', { name: 'Force resync' }).isDisabled()).toBe(true);

    engine.publish({ ...calmSnapshot(), job: runningJob({ doneFiles: 1312, doneBytes: 1_243_000_000 }) });
    await expect
      .poll(() => page.getByRole('progressbar', { name: 'Resync' }).getAttribute('aria-valuenow'))
      .toBe('100');
    engine.publishJob(finishedJob());
    const summary = 'Resync done 16:42. 2 imported, 1,309 unchanged, 1 failed. Proof: 0 missing, 0 duplicated';
    await expect.poll(() => page.getByText(summary).count()).toBe(1);

    await page.getByRole('button', { name: 'Report' }).click();
    expect(await page.getByRole('region', { name: 'Report' }).innerText()).toContain('Permission denied');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await expect.poll(() => page.getByText(summary).count()).toBe(0);
  });

  it('asks for the report of a job that ended between two snapshots', async () => {
    const engine = new FakeEngine({ ...calmSnapshot(), job: runningJob() });
    engine.answer('jobs.get', () => Promise.resolve(finishedJob()));
    await using opened = await fixture.open(engine);
    await expect.poll(() => opened.page.getByRole('progressbar').count()).toBe(1);

    engine.publish({ ...calmSnapshot(), job: null });

    await expect.poll(() => opened.page.getByText(/^Resync done/).count()).toBe(1);
    expect(engine.callsOf('jobs.get')).toEqual([{ id: 'job-1' }]);
  });

  it('cancels a running job', async () => {
    const engine = new FakeEngine({ ...calmSnapshot(), job: runningJob() });
    await using opened = await fixture.open(engine);

    await opened.page.getByRole('button', { name: 'Cancel' }).click();

    await expect.poll(() => engine.callsOf('jobs.cancel')).toEqual([{ id: 'job-1' }]);
    await expect.poll(() => opened.page.getByText('Resync cancelled 16:42.').count()).toBe(1);
  });

  it('opens a recent save in the reader', async () => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine);

    await opened.page.getByRole('button', { name: 'Why does XAUTOCLAIM skip entries?' }).click();

    await expect.poll(() => opened.page.locator('.exchange.is-target').count()).toBe(1);
    expect(engine.callsOf('sessions.get')).toEqual([{ session: 'session-2' }]);
  });

  it('leads from a stage to its check', async () => {
    await using opened = await fixture.open(new FakeEngine());

    await stage(opened.page, 'Archive').focus();
    await opened.page.keyboard.press('Enter');

    await expect
      .poll(() => opened.page.locator('.check-list .is-marked .name').allInnerTexts())
      .toEqual(['Archive can be written']);
  });
});

async function meterTexts(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(
    `[...document.querySelectorAll('[role=meter]')].map((m) => m.getAttribute('aria-label') + ': ' + m.getAttribute('aria-valuetext'))`,
  );
}
