import { it } from 'vitest';
import { FakeEngine, runningJob, finishedJob } from './fake-engine.ts';
import { calmSnapshot, alarmSnapshot } from './sample-snapshot.ts';
import { WindowFixture } from './window-fixture.ts';
it('shots', async () => {
  await using fixture = await WindowFixture.start();
  const shots: any[] = [
    ['overview-dark', calmSnapshot(), {}],
    ['overview-light', calmSnapshot(), { theme: 'light' }],
    ['overview-alarm-dark', alarmSnapshot(), {}],
    ['overview-alarm-light', alarmSnapshot(), { theme: 'light' }],
    ['overview-dark-880', calmSnapshot(), { width: 880, height: 600 }],
    ['overview-alarm-dark-880', alarmSnapshot(), { width: 880, height: 600 }],
    ['overview-dark-1440', calmSnapshot(), { width: 1440, height: 900 }],
    ['overview-dark-1920', calmSnapshot(), { width: 1920, height: 1080 }],
    ['overview-dark-600', calmSnapshot(), { width: 600, height: 800 }],
    ['health-dark', calmSnapshot(), { view: 'health' }],
    ['health-light', calmSnapshot(), { view: 'health', theme: 'light' }],
    ['health-dark-880', calmSnapshot(), { view: 'health', width: 880, height: 600 }],
    ['conversations-dark', calmSnapshot(), { view: 'conversations', search: 'xautoclaim' }],
    ['conversations-light', calmSnapshot(), { view: 'conversations', theme: 'light', open: true }],
    ['overview-job-dark', { ...calmSnapshot(), overall: 'busy', job: runningJob() }, {}],
    ['overview-report-dark', { ...calmSnapshot(), job: finishedJob() }, { report: true }],
    [
      'overview-bypass-dark',
      {
        ...calmSnapshot(),
        overall: 'warn',
        queue: {
          ...calmSnapshot().queue,
          mode: 'bypass',
          health: { state: 'degraded', since: 0, reason: 'REDIS_BYPASSED' },
          server: { version: null, origin: null, memoryBytes: null, aof: null, restarts: 0 },
          depth: 0,
          pending: null,
          oldestAgeMs: null,
        },
      },
      {},
    ],
    ['overview-stale-dark', calmSnapshot(), { stale: 17000 }],
    [
      'overview-paused-dark',
      {
        ...calmSnapshot(),
        overall: 'paused',
        pause: { paused: true, until: calmSnapshot().at + 3600000 },
        transcripts: { ...calmSnapshot().transcripts, health: { state: 'stopped', since: 0, reason: 'PAUSED' } },
        watcher: { ...calmSnapshot().watcher, health: { state: 'stopped', since: 0, reason: 'PAUSED' } },
      },
      { menu: false },
    ],
    ['overview-menu-dark', calmSnapshot(), { menu: true }],
  ];
  const only = process.env['SHOTS']?.split(',');
  for (const [name, snapshot, options] of shots) {
    if (only && !only.includes(name)) continue;
    await using opened = await fixture.open(new FakeEngine(snapshot), {
      ...options,
      context: { deviceScaleFactor: 1.5 },
    });
    const { page } = opened;
    await page.waitForSelector('.view:not(.skeleton)', { timeout: 4000 }).catch(async (e) => {
      console.log(name, opened.complaints, (await page.content()).slice(0, 1500));
      await page.screenshot({ path: '/tmp/holdfast-shots/fail.png' });
      throw e;
    });
    await page.clock.runFor(400);
    if (options.search) {
      await page.fill('input', options.search);
      await page.clock.runFor(300);
      await page.click('.results li:nth-child(1) button');
      await page.waitForSelector('article');
    }
    if (options.open) {
      await page.click('.results li:nth-child(3) button');
      await page.waitForSelector('article');
      await page.click('summary');
    }
    if (options.report) await page.click('text=Report');
    if (options.menu) await page.click('text=Pause');
    if (options.stale) {
      fixture.server.isSilent = true;
      await page.clock.runFor(options.stale);
    }
    await page.screenshot({ path: `/tmp/holdfast-shots/${name}.png` });
    if (opened.complaints.length) console.log(name, opened.complaints);
  }
}, 180_000);
