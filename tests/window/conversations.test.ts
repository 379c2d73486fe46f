import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { FakeEngine, RefusedCall, sampleConversation } from './fake-engine.ts';
import { NOW, calmSnapshot } from './sample-snapshot.ts';
import { WindowFixture } from './window-fixture.ts';

let fixture: WindowFixture;

beforeAll(async () => {
  fixture = await WindowFixture.start();
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const open = (engine: FakeEngine) => fixture.open(engine, { view: 'conversations' });

describe('Conversations', () => {
  it('lists the recent ones and opens one in the reader', async () => {
    await using opened = await open(new FakeEngine());
    const { page } = opened;

    await page.getByRole('button', { name: /^Why does XAUTOCLAIM/ }).click();

    await expect
      .poll(() => page.locator('.reader-head').innerText())
      .toContain('atlas-api · Claude Code · 2 exchanges');
    const first = page.getByRole('article').first();
    expect(await first.locator('.prompt').innerText()).toContain('every 30 s but some pending entries never come back');
    expect(await first.locator('.answer').innerText()).toContain('    do {\n        …');
    expect(opened.complaints).toEqual([]);
  });

  it('shows hostile text as text', async () => {
    await using opened = await open(new FakeEngine());
    const { page } = opened;

    await page.getByRole('button', { name: /^Why does XAUTOCLAIM/ }).click();

    await expect
      .poll(() => page.locator('.answer').first().innerText())
      .toContain('<img src=x onerror="document.title=1">');
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('Holdfast');
  });

  it('folds tools and thinking until they are asked for', async () => {
    await using opened = await open(new FakeEngine());
    const { page } = opened;
    await page.getByRole('button', { name: /^Why does XAUTOCLAIM/ }).click();
    await expect.poll(() => page.getByText('3 steps, 1 error').isVisible()).toBe(true);
    expect(await page.getByText('grep -rn "xautoclaim" src/').isVisible()).toBe(false);

    await page.getByText('3 steps, 1 error').click();
    await page.getByText('Thinking').click();

    expect(await page.getByText('grep -rn "xautoclaim" src/').isVisible()).toBe(true);
    expect(await page.getByText('The cursor may not be followed.').isVisible()).toBe(true);
    expect(await page.getByText('The tool reported an error · 1.8 kB, kept in the archive').isVisible()).toBe(true);
  });

  it('finds while it is typed, marks the hits and opens the exchange', async () => {
    const engine = new FakeEngine();
    await using opened = await open(engine);
    const { page } = opened;

    await page.getByRole('searchbox').fill('xautoclaim');

    await expect
      .poll(() => page.locator('.results mark').allInnerTexts())
      .toEqual(['xautoclaim', 'xautoclaim', 'xautoclaim']);
    expect(await page.locator('.results .snippet').first().innerText()).toContain('so <b>nothing</b>…');
    expect(engine.callsOf('search.query')).toMatchObject([{ query: 'xautoclaim', limit: 50 }]);
    await page.locator('.results button').first().click();
    await expect.poll(() => page.locator('.exchange.is-target').count()).toBe(1);
    await page.getByRole('searchbox').fill('nothing');
    await expect.poll(() => page.getByText('Nothing found').count()).toBe(1);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByText('10 recent').count()).toBe(1);
  });

  it('keeps the answer to the last question when an earlier one comes late', async () => {
    const engine = new FakeEngine();
    const slow = Promise.withResolvers<undefined>();
    engine.answer('search.query', async ({ query }) => {
      if (query === 'first') await slow.promise;
      return sampleHit(query);
    });
    await using opened = await open(engine);
    const { page } = opened;
    await page.getByRole('searchbox').fill('first');
    await expect.poll(() => engine.callsOf('search.query').length).toBe(1);
    await page.getByRole('searchbox').fill('second');
    await expect.poll(() => page.locator('.results b').allInnerTexts()).toEqual(['second']);

    slow.resolve(undefined);
    await page.waitForResponse((response) => response.url().endsWith('/search.query'));

    expect(await page.locator('.results b').allInnerTexts()).toEqual(['second']);
  });

  it('cuts a text of a megabyte until all of it is asked for', async () => {
    const engine = new FakeEngine();
    const long = `${'x'.repeat(1_000_000)} the end`;
    engine.answer('sessions.get', ({ session }) => {
      const conversation = sampleConversation(session);
      const exchanges = conversation.exchanges.slice(0, 1).map((exchange) => ({ ...exchange, prompt: long }));
      return Promise.resolve({ ...conversation, exchanges });
    });
    await using opened = await open(engine);
    const { page } = opened;
    await page.getByRole('button', { name: /^Why does XAUTOCLAIM/ }).click();
    const length = () => page.evaluate(`document.querySelector('.prompt p')?.textContent.length`);
    await expect.poll(length).toBe(65_536);

    await page.getByRole('button', { name: 'Show all (1 MB)' }).click();

    await expect.poll(length).toBe(long.length);
  });

  it('shows fifty exchanges at a time, around the one that was searched', async () => {
    const engine = new FakeEngine();
    engine.answer('sessions.get', ({ session }) => {
      const conversation = sampleConversation(session);
      const [model] = conversation.exchanges;
      if (model === undefined) throw new Error('The sample conversation is empty.');
      const exchanges = Array.from({ length: 120 }, (_, index) => ({
        ...model,
        key: index === 80 ? model.key : `other-${index}`,
        prompt: `Question ${index}`,
      }));
      return Promise.resolve({ ...conversation, exchanges });
    });
    await using opened = await open(engine);
    const { page } = opened;
    await page.getByRole('searchbox').fill('xautoclaim');
    await page.locator('.results mark').first().click();
    await expect.poll(() => isInView(page, 'Question 80')).toBe(true);
    expect(await page.getByRole('article').count()).toBe(50);

    await page.getByRole('button', { name: 'Show 50 earlier' }).click();

    await expect.poll(() => page.getByRole('article').count()).toBe(100);
  });

  it('follows a conversation that grows while it is read', async () => {
    const engine = new FakeEngine();
    await using opened = await open(engine);
    const { page } = opened;
    await page.getByRole('button', { name: /^Why does XAUTOCLAIM/ }).click();
    await expect.poll(() => page.getByRole('article').count()).toBe(2);
    await expect.poll(() => fixture.server.openStreams).toBe(1);
    const grown = sampleConversation('session-2');
    engine.answer('sessions.get', () =>
      Promise.resolve({
        ...grown,
        exchanges: [...grown.exchanges, ...grown.exchanges.slice(0, 1).map((one) => ({ ...one, key: 'third' }))],
      }),
    );

    const next = calmSnapshot(NOW + 10_000);
    engine.publish(next);
    await page.waitForFunction(`document.querySelector('.foot .live')?.textContent.includes('Live')`);
    await page.clock.runFor(3_000);

    await expect.poll(() => page.getByRole('article').count()).toBe(3);
  });

  it('says in words when a conversation is gone', async () => {
    const engine = new FakeEngine();
    engine.answer('sessions.get', () => Promise.reject(new RefusedCall('NOT_FOUND', 'No conversation begins with x.')));
    await using opened = await open(engine);

    await opened.page.getByRole('button', { name: /^Why does XAUTOCLAIM/ }).click();

    await expect.poll(() => opened.page.getByText('No conversation begins with x. (NOT_FOUND)').count()).toBe(1);
  });

  it('greets an empty store without an error', async () => {
    const engine = new FakeEngine();
    engine.answer('sessions.list', () => Promise.resolve([]));
    await using opened = await open(engine);

    await expect.poll(() => opened.page.getByText('No conversations yet').count()).toBe(1);
  });
});

/** Whether the question stands at the top of the reader. */
async function isInView(page: Page, question: string): Promise<boolean> {
  const top = `[...document.querySelectorAll('.prompt')].find((prompt) => prompt.textContent === '${question}')?.getBoundingClientRect().top`;
  const at = await page.evaluate<number | null>(`${top} ?? null`);
  return at !== null && at > 100 && at < 250;
}

function sampleHit(title: string) {
  const [save] = calmSnapshot().recentSaves;
  return save === undefined ? [] : [{ exchange: { ...save, title }, snippet: title, cursor: 1 }];
}
