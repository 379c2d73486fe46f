import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { FakeEngine, RefusedCall } from './fake-engine.ts';
import { NOW, alarmSnapshot, calmSnapshot } from './sample-snapshot.ts';
import { WindowFixture } from './window-fixture.ts';

let fixture: WindowFixture;

beforeAll(async () => {
  fixture = await WindowFixture.start();
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

const heading = (page: Page) => page.getByRole('banner').getByRole('status');
async function lampWords(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(
    `[...document.querySelectorAll('.top > svg, .services svg')].map((lamp) => lamp.getAttribute('aria-label'))`,
  );
}

describe('Signal', () => {
  it('dims after five seconds without news and claims nothing after fifteen', async () => {
    await using opened = await fixture.open(new FakeEngine(alarmSnapshot()));
    const { page } = opened;
    await expect.poll(() => page.locator('.app.is-live').count()).toBe(1);

    fixture.server.isSilent = true;
    await page.clock.fastForward(6_000);
    await expect.poll(() => page.locator('.app.is-late').count()).toBe(1);
    expect(await heading(page).textContent()).toContain('Saving is stopped.');

    await page.clock.fastForward(10_000);
    await expect.poll(() => heading(page).textContent()).toBe('No signal.');
    expect(await page.getByRole('banner').innerText()).toContain(
      'Values below are from 16:42:11. Recording is separate and may still be running.',
    );
    expect(await lampWords(page)).toEqual(Array.from({ length: 8 }, () => 'No signal'));
    expect(await page.locator('.mimic .lamp-unknown').count()).toBe(6);
    expect(await page.getByRole('alert').textContent()).toBe('');
    expect(await page.getByRole('button', { name: 'Pause' }).isDisabled()).toBe(true);
    expect(await page.getByRole('contentinfo').innerText()).toMatch(/^No signal\. Alarms are not known\./);
  });

  it('takes an engine that repeats its last snapshot for silent', async () => {
    await using opened = await fixture.open(new FakeEngine());
    const { page } = opened;
    await expect.poll(() => page.locator('.app.is-live').count()).toBe(1);

    await page.clock.runFor(16_000);

    await expect.poll(() => heading(page).textContent()).toBe('No signal.');
    expect(fixture.server.engine.callsOf('status.get').length).toBeGreaterThan(1);
  });

  it('is live again with the next snapshot', async () => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine);
    const { page } = opened;
    await expect.poll(() => fixture.server.openStreams).toBe(1);
    await page.clock.runFor(16_000);
    await expect.poll(() => heading(page).textContent()).toBe('No signal.');

    engine.publish(calmSnapshot(NOW + 16_000));

    await expect.poll(() => heading(page).textContent()).toBe('Recording. Everything is saved.');
    expect(opened.complaints).toEqual([]);
  });

  it('opens the event stream again after the recorder was restarted', async () => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine);
    await expect.poll(() => fixture.server.openStreams).toBe(1);

    fixture.server.cutStreams();
    await opened.page.clock.runFor(2_000);

    await expect.poll(() => fixture.server.openStreams).toBe(1);
    engine.publish(alarmSnapshot(NOW + 5_000));
    await expect.poll(() => heading(opened.page).textContent()).toContain('Saving is stopped.');
  });

  it('waits with a lamp that claims nothing while no reading has come', async () => {
    const engine = new FakeEngine();
    engine.answer('status.get', () => new Promise(() => {}));
    await using opened = await fixture.open(engine);

    await expect.poll(() => heading(opened.page).textContent()).toBe('Waiting for the first reading.');
    await opened.page.clock.fastForward(16_000);
    await expect.poll(() => heading(opened.page).textContent()).toBe('No signal.');
  });
});

describe('Pause', () => {
  it.each([
    ['15 minutes', 15, 'Paused by you. Nothing is recorded until 16:57.'],
    ['1 hour', 60, 'Paused by you. Nothing is recorded until 17:42.'],
    ['Until I resume', null, 'Paused by you. Nothing is recorded until you resume.'],
  ])('pauses for %s and resumes', async (choice, minutes, sentence) => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine);
    const { page } = opened;

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: choice }).click();
    await expect.poll(() => heading(page).textContent()).toBe(sentence);
    await page.getByRole('button', { name: 'Resume' }).click();

    await expect.poll(() => heading(page).textContent()).toBe('Recording. Everything is saved.');
    expect(engine.callsOf('recording.pause')).toEqual([{ minutes }]);
    expect(engine.callsOf('recording.resume')).toEqual([{}]);
  });

  it('works from the keyboard and closes with Escape', async () => {
    const engine = new FakeEngine();
    await using opened = await fixture.open(engine);
    const { page } = opened;
    await expect.poll(() => page.locator('.app.is-live').count()).toBe(1);

    await page.keyboard.press('p');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('menu').count()).toBe(0);
    await page.keyboard.press('p');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');

    await expect.poll(() => engine.callsOf('recording.pause')).toEqual([{ minutes: 60 }]);
  });

  it('shows the words of a refusal', async () => {
    const engine = new FakeEngine();
    engine.answer('recording.pause', () => Promise.reject(new RefusedCall('INTERNAL', 'The pause could not be kept.')));
    await using opened = await fixture.open(engine);

    await opened.page.getByRole('button', { name: 'Pause' }).click();
    await opened.page.getByRole('menuitem', { name: '1 hour' }).click();

    await expect.poll(() => opened.page.getByText('The pause could not be kept. (INTERNAL)').count()).toBe(1);
    expect(await heading(opened.page).textContent()).toBe('Recording. Everything is saved.');
  });
});

describe('Keys and theme', () => {
  it('changes the view with Ctrl and a digit, and keeps it over a reload', async () => {
    await using opened = await fixture.open(new FakeEngine());
    const { page } = opened;

    await page.keyboard.press('Control+3');
    await expect.poll(() => page.locator('.view.health').count()).toBe(1);
    await page.reload();
    await expect.poll(() => page.locator('.view.health').count()).toBe(1);
    await page.keyboard.press('Control+k');

    await expect.poll(() => page.evaluate(`document.activeElement.type`)).toBe('search');
    await page.keyboard.type('tp');
    expect(await page.getByRole('searchbox').inputValue()).toBe('tp');
    expect(await page.getByRole('menu').count()).toBe(0);
  });

  it('follows the system until T is pressed, and remembers the choice', async () => {
    await using opened = await fixture.open(new FakeEngine(), { theme: 'dark' });
    const { page } = opened;
    const theme = () => page.locator('html').getAttribute('data-theme');
    await expect.poll(theme).toBe('dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(theme).toBe('light');

    await page.keyboard.press('t');
    await expect.poll(theme).toBe('dark');
    await page.reload();

    await expect.poll(theme).toBe('dark');
    await expect.poll(() => page.getByRole('button', { name: 'Theme: Dark. Change theme' }).count()).toBe(1);
  });
});

describe('Address', () => {
  it('takes the token out of the address bar', async () => {
    await using opened = await fixture.open(new FakeEngine());

    await expect.poll(() => opened.page.url()).toBe(fixture.server.url);
    expect(opened.complaints).toEqual([]);
  });

  it('says how to get the address when it has no token', async () => {
    await using opened = await fixture.openAddress('');

    await expect.poll(() => opened.page.getByRole('heading').textContent()).toBe('This window needs its full address');
    const text = await opened.page.getByRole('main').innerText();
    expect(text).toContain('holdfast run');
    expect(text).toContain('holdfast status');
    expect(opened.complaints).toEqual([]);
  });

  it('says so when the recorder refuses the token, and takes a new one in the same tab', async () => {
    await using opened = await fixture.openAddress('#token=yesterday');
    const { page } = opened;
    await expect.poll(() => page.getByRole('heading').textContent()).toBe('This address is no longer valid');

    await page.evaluate(`location.hash = '#token=${fixture.server.token}'`);

    await expect.poll(() => page.locator('.app').count()).toBe(1);
  });
});

/** What the preload offers, with the snapshot in it. */
const PRELOAD = `window.asked = [];
window.holdfast = {
  call: async (topic, args) => {
    window.asked.push([topic, args]);
    if (topic === 'status.get') return { ok: true, value: window.snapshot };
    if (topic === 'data.openFolder') return { ok: true, value: { opened: true } };
    return { ok: false, error: { code: 'JOB_BUSY', message: 'A job is running already.', retryable: true } };
  },
  on: () => () => {},
};`;

describe('Inside Electron', () => {
  it('talks to the preload and keeps the code of a refusal', async () => {
    await using opened = await fixture.openAddress('', {
      before: async (page) => {
        await page.addInitScript(`${PRELOAD}window.snapshot = ${JSON.stringify(calmSnapshot())};`);
      },
    });
    const { page } = opened;
    await expect.poll(() => heading(page).textContent()).toBe('Recording. Everything is saved.');

    await page.getByRole('button', { name: 'Open data folder' }).click();
    await expect.poll(() => page.getByText('The data folder is open in your file manager.').count()).toBe(1);
    await page.getByRole('button', { name: 'Force resync' }).click();

    await expect.poll(() => page.getByText('A job is running already. (JOB_BUSY)').count()).toBe(1);
    expect(await page.evaluate('window.asked.slice(-2)')).toEqual([
      ['data.openFolder', {}],
      ['jobs.start', { kind: 'resync' }],
    ]);
  });
});
