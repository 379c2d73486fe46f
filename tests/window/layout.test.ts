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

/**
 * Texts that leave the box which clips them, texts that leave the row of their reading, and pages that scroll. What ends
 * in an ellipsis, scrolls, or is for the ear only is meant to be so.
 */
const CLIPPED = `(() => {
  const found = [];
  const walker = document.createTreeWalker(document.querySelector('.app'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.textContent.trim() === '' || node.parentElement.closest('.sr, title') !== null) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    if (text.width === 0) continue;
    for (let box = node.parentElement; box !== null; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.textOverflow === 'ellipsis' || style.overflowY === 'auto' || style.webkitLineClamp !== 'none') break;
      const edge = box.getBoundingClientRect();
      const clips = style.overflowX === 'hidden' && box.tagName !== 'svg' || box.matches('.ai .h');
      if (clips && (text.right > edge.right + 1 || text.bottom > edge.bottom + 1 || text.top < edge.top - 1)) {
        found.push(node.textContent.trim() + ' in ' + box.className);
      }
    }
  }
  const root = document.documentElement;
  if (root.scrollHeight > root.clientHeight || root.scrollWidth > root.clientWidth) found.push('the page scrolls');
  const main = document.querySelector('main');
  if (main.scrollHeight > main.clientHeight) found.push('main is ' + main.scrollHeight + ' high in ' + main.clientHeight);
  return found;
})()`;

const SIZES = [
  [980, 680],
  [880, 600],
  [1440, 900],
] as const;
const CASES = SIZES.flatMap(([width, height]) =>
  (['overview', 'conversations', 'health'] as const).map((view) => ({ width, height, view })),
);

async function settle(page: Page, view: string): Promise<void> {
  await expect.poll(() => page.locator(`.view.${view}`).count()).toBe(1);
  if (view === 'overview') await expect.poll(() => page.locator('svg.chart').count()).toBe(2);
}

describe('Layout', () => {
  it.each(CASES)('clips and overflows nothing in $view at $width × $height', async ({ width, height, view }) => {
    for (const snapshot of [calmSnapshot(), alarmSnapshot(), { ...calmSnapshot(), job: finishedJob() }]) {
      await using opened = await fixture.open(new FakeEngine(snapshot), { width, height, view });
      await settle(opened.page, view);

      expect(await opened.page.evaluate(CLIPPED)).toEqual([]);
    }
  });

  it('finds a clipped text where there is one', async () => {
    await using opened = await fixture.open(new FakeEngine());
    await settle(opened.page, 'overview');

    await opened.page.evaluate(`document.querySelector('.services .name').style.marginLeft = '190px'`);

    expect(await opened.page.evaluate(CLIPPED)).toEqual(['Redis in pn service-panel', '118 MB in pn service-panel']);
  });

  it('shows the whole rows of recent saves that fit, at least four', async () => {
    for (const [width, height] of SIZES) {
      await using opened = await fixture.open(new FakeEngine(), { width, height });
      await settle(opened.page, 'overview');

      const rows = opened.page.getByRole('table', { name: 'Recent saves' }).getByRole('row');
      await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(4);
    }
  });

  it('stands in one column below 760 px and scrolls there', async () => {
    await using opened = await fixture.open(new FakeEngine(), { width: 600, height: 800 });
    await settle(opened.page, 'overview');

    const columns = await opened.page.evaluate(
      `new Set([...document.querySelectorAll('.overview > .pn')].map((panel) => panel.getBoundingClientRect().left)).size`,
    );
    expect(columns).toBe(1);
    expect(await opened.page.evaluate(`document.documentElement.scrollWidth <= 600`)).toBe(true);
  });
});

describe('Policy', () => {
  it('is served with every page and broken by nothing', async () => {
    await using opened = await fixture.open(new FakeEngine(alarmSnapshot()));
    const { page } = opened;
    await settle(page, 'overview');

    for (const key of ['Control+2', 'Control+3', 'Control+1', 't']) await page.keyboard.press(key);
    await settle(page, 'overview');
    expect(opened.complaints).toEqual([]);

    const response = await page.request.get(fixture.server.url);
    expect(response.headers()['content-security-policy']).toContain("script-src 'self'; style-src 'self'");
  });

  it('refuses a script that is put into the page', async () => {
    await using opened = await fixture.open(new FakeEngine());
    await settle(opened.page, 'overview');

    await opened.page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 1' }))`,
    );

    await expect.poll(() => opened.complaints.some((line) => line.includes('policy: script-src'))).toBe(true);
    expect(await opened.page.title()).toBe('Holdfast');
  });
});
