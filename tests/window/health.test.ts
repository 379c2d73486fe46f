import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../shared/status.ts';
import { FakeEngine, sampleHealth } from './fake-engine.ts';
import { NOW, calmSnapshot } from './sample-snapshot.ts';
import { WindowFixture } from './window-fixture.ts';

let fixture: WindowFixture;

beforeAll(async () => {
  fixture = await WindowFixture.start();
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const letter = (id: number): DeadLetter => ({
  id,
  archivePath: 'claude-code/claude-1f0c2a9b/projects/-home-ana-work-notes/6e5f.jsonl',
  sourcePath: '/home/ana/.claude/projects/-home-ana-work-notes/6e5f.jsonl',
  start: 18_300,
  end: 20_100,
  reason: 'not-json',
  at: NOW - 60_000,
  state: 'kept',
});

describe('Health', () => {
  it('lists each check with its reason and time', async () => {
    await using opened = await fixture.open(new FakeEngine(), { view: 'health' });
    const rows = opened.page.getByRole('list', { name: 'Checks' }).getByRole('listitem');

    await expect.poll(() => rows.count()).toBe(8);
    expect((await rows.nth(6).innerText()).split('\n')).toEqual([
      'Disk space',
      '4.1 GB free, below the warning limit of 5 GB.',
      '0.3 ms',
    ]);
    expect(await rows.nth(6).getByRole('img').getAttribute('aria-label')).toBe('Warning');
    expect(await opened.page.getByText('Last check 16:42:01, 7 of 8 passed in 12 ms.').count()).toBe(1);
    expect(await opened.page.locator('.facts').innerText()).toContain('Redis Stream');
    expect(opened.complaints).toEqual([]);
  });

  it('runs the checks again on request', async () => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine, { view: 'health' });
    await expect.poll(() => engine.callsOf('health.get').length).toBe(1);
    const well = sampleHealth();
    engine.answer('health.get', () =>
      Promise.resolve({ ...well, at: NOW, checks: well.checks.map((check) => ({ ...check, status: 'pass' })) }),
    );

    await opened.page.getByRole('button', { name: 'Run now' }).click();

    await expect.poll(() => opened.page.getByText('Last check 16:42:11, 8 of 8 passed in 12 ms.').count()).toBe(1);
  });

  it('shows the dead letters and queues them again', async () => {
    const calm = calmSnapshot();
    const engine = new FakeEngine({ ...calm, store: { ...calm.store, deadLetters: 2 } });
    let kept: readonly DeadLetter[] = [letter(1), letter(2)];
    engine.answer('deadLetters.list', () => Promise.resolve(kept));
    engine.answer('deadLetters.retry', () => {
      kept = [];
      return Promise.resolve({ count: 2 });
    });
    await using opened = await fixture.open(engine, { view: 'health' });
    await expect.poll(() => opened.page.getByText('1.8 kB at 18,300').count()).toBe(2);

    await opened.page.getByRole('button', { name: 'Retry 2 messages' }).click();

    await expect.poll(() => opened.page.getByText('2 messages queued again.').count()).toBe(1);
    expect(engine.callsOf('deadLetters.retry')).toEqual([{ id: null }]);
    expect(await opened.page.getByRole('list', { name: 'Dead letters' }).count()).toBe(0);
  });
});
