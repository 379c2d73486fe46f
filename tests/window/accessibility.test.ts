import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { FakeEngine, finishedJob } from './fake-engine.ts';
import { alarmSnapshot, calmSnapshot } from './sample-snapshot.ts';
import { WindowFixture } from './window-fixture.ts';

let fixture: WindowFixture;

beforeAll(async () => {
  fixture = await WindowFixture.start();
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const THEMES = ['dark', 'light'] as const;
const VIEWS = ['overview', 'conversations', 'health'] as const;
const STATES = {
  normal: calmSnapshot,
  alarm: alarmSnapshot,
} as const;
const CASES = THEMES.flatMap((theme) =>
  VIEWS.flatMap((view) => (['normal', 'alarm'] as const).map((state) => ({ theme, view, state }))),
);

/** Brings a view to where it shows the most. */
const fillView = {
  overview: (page: Page) => page.locator('svg.chart').nth(1).waitFor(),
  health: (page: Page) => page.locator('.check-list li').nth(7).waitFor(),
  conversations: async (page: Page) => {
    await page.getByRole('searchbox').fill('xautoclaim');
    await page.locator('.results mark').first().click();
    await page.getByText('3 steps, 1 error').click();
  },
} as const;

async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return await page.evaluate(`axe
    .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
    .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((node) => node.target + ' ' + node.failureSummary)]))`);
}

describe('Accessibility', () => {
  it.each(CASES)('has no violation in $view, $theme, $state', async ({ theme, view, state }) => {
    await using opened = await fixture.open(new FakeEngine(STATES[state]()), { theme, view });
    const { page } = opened;
    await expect.poll(() => page.locator(`.view.${view}`).count()).toBe(1);
    await fillView[view](page);

    expect(await violations(page)).toEqual([]);
  });

  it.each(THEMES)('has no violation in menus, reports, notices and without a token, %s', async (theme) => {
    await using opened = await fixture.open(new FakeEngine({ ...calmSnapshot(), job: finishedJob() }), { theme });
    await opened.page.getByRole('button', { name: 'Report' }).click();
    await opened.page.getByRole('button', { name: 'Pause' }).click();
    expect(await violations(opened.page)).toEqual([]);

    await using bare = await fixture.openAddress('', { theme });
    await expect.poll(() => bare.page.getByRole('heading').count()).toBe(1);
    expect(await violations(bare.page)).toEqual([]);
  });

  it('reaches the stages with Tab in the order of the flow, each with a visible focus', async () => {
    await using opened = await fixture.open(new FakeEngine());
    const { page } = opened;
    await page.getByRole('button', { name: 'Force resync' }).focus();

    const reached: unknown[] = [];
    for (let step = 0; step < 6; step += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate(`document.activeElement.getAttribute('aria-label').split(':')[0]`));
      expect(await page.evaluate(`getComputedStyle(document.activeElement.querySelector('.hit')).strokeWidth`)).toBe(
        '2px',
      );
    }

    expect(reached).toEqual(['Transcripts', 'Watcher', 'Archive', 'Queue', 'Consumer', 'SQLite']);
  });

  it('moves nothing for people who asked for less motion', async () => {
    await using opened = await fixture.open(new FakeEngine(), { context: { reducedMotion: 'reduce' } });
    await expect.poll(() => opened.page.locator('.btn').count()).toBeGreaterThan(0);

    const moving = await opened.page.evaluate(
      `[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).transitionDuration !== '0s' && getComputedStyle(e).transitionProperty !== 'none' || getComputedStyle(e).animationName !== 'none').length`,
    );

    expect(moving).toBe(0);
  });
});
