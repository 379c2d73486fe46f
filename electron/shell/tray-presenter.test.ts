import { describe, expect, it } from 'vitest';
import { ManualClock } from '../engine/core/test-support/manual-clock.ts';
import { CALM_GAP_MS, TrayPresenter } from './tray-presenter.ts';
import type { TrayItem } from './tray-presenter.ts';
import type { TrayView } from './tray-view.ts';

const VIEW: TrayView = { icon: 'ok', tooltip: 'one', menu: [{ kind: 'text', label: 'one' }], urgency: 'ok' };

function bench() {
  const done: string[] = [];
  const item: TrayItem = {
    setIcon: (name) => done.push(`icon ${name}`),
    setTooltip: (text) => done.push(`tooltip ${text}`),
    setMenu: (entries) => done.push(`menu ${String(entries.length)}`),
    destroy: () => done.push('destroyed'),
  };
  const clock = new ManualClock();
  return { done, clock, presenter: new TrayPresenter(item, clock) };
}

/** Lets what was awaited go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('TrayPresenter', () => {
  it('applies a first view as a whole, and the same view never again', async () => {
    const { done, clock, presenter } = bench();

    presenter.show(VIEW);
    clock.advance(10 * CALM_GAP_MS);
    presenter.show({ ...VIEW });
    await settle();

    expect(done).toEqual(['icon ok', 'tooltip one', 'menu 1']);
  });

  it('changes only what differs', () => {
    const { done, clock, presenter } = bench();
    presenter.show(VIEW);
    done.length = 0;
    clock.advance(CALM_GAP_MS);

    presenter.show({ ...VIEW, tooltip: 'two' });

    expect(done).toEqual(['tooltip two']);
  });

  it('shows a change of state at once', () => {
    const { done, presenter } = bench();
    presenter.show(VIEW);
    done.length = 0;

    presenter.show({ ...VIEW, icon: 'error', urgency: 'error' });

    expect(done).toEqual(['icon error']);
  });

  it('lets new words wait, and shows the newest of them', async () => {
    const { done, clock, presenter } = bench();
    presenter.show(VIEW);
    done.length = 0;

    presenter.show({ ...VIEW, tooltip: 'two' });
    clock.advance(CALM_GAP_MS - 1);
    presenter.show({ ...VIEW, tooltip: 'three' });
    await settle();
    expect(done).toEqual([]);

    clock.advance(1);
    await settle();
    expect(done).toEqual(['tooltip three']);
  });

  it('forgets waiting words when the state changes before they are shown', async () => {
    const { done, clock, presenter } = bench();
    presenter.show(VIEW);
    presenter.show({ ...VIEW, tooltip: 'old' });
    done.length = 0;

    presenter.show({ ...VIEW, tooltip: 'Paused', urgency: 'paused' });
    clock.advance(CALM_GAP_MS);
    await settle();

    expect(done).toEqual(['tooltip Paused']);
  });

  it('touches nothing after it was closed', async () => {
    const { done, clock, presenter } = bench();
    presenter.show(VIEW);
    presenter.show({ ...VIEW, tooltip: 'two' });
    done.length = 0;

    presenter.close();
    presenter.close();
    clock.advance(CALM_GAP_MS);
    presenter.show({ ...VIEW, urgency: 'error' });
    await settle();

    expect(done).toEqual(['destroyed']);
  });

  it('draws the icon again for a task bar of another colour', () => {
    const { done, presenter } = bench();
    presenter.refreshIcon();
    presenter.show(VIEW);
    done.length = 0;

    presenter.refreshIcon();

    expect(done).toEqual(['icon ok']);
  });
});
