/**
 * Keeps a tray icon in step with the views it is given, with as few changes as possible: every image may flicker, and a menu
 * that is rebuilt closes under the hand of whoever has it open. So only differences are applied, at once where the state
 * changed, else at most every five seconds. Nothing is ever redrawn for the sake of time alone.
 */
import type { Clock } from '../engine/core/clock.ts';
import { isAbort } from '../engine/core/errors.ts';
import type { TrayIconName } from './tray-icon.ts';
import type { TrayMenuEntry, TrayView } from './tray-view.ts';

/** Shortest time between two changes of words that announce no change of state. */
export const CALM_GAP_MS = 5000;

/** A tray icon of the system. */
export interface TrayItem {
  setIcon(name: TrayIconName): void;
  setTooltip(text: string): void;
  setMenu(entries: readonly TrayMenuEntry[]): void;
  destroy(): void;
}

export class TrayPresenter {
  readonly #item: TrayItem;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #shown: TrayView | null = null;
  #shownMenu = '';
  #shownAt = 0;
  #waiting: TrayView | null = null;

  constructor(item: TrayItem, clock: Clock) {
    this.#item = item;
    this.#clock = clock;
  }

  show(view: TrayView): void {
    const waitMs = this.#shownAt + CALM_GAP_MS - this.#clock.monotonic();
    if (this.#shown?.urgency !== view.urgency || waitMs <= 0) {
      this.#waiting = null;
      this.#apply(view);
      return;
    }
    const isTimed = this.#waiting !== null;
    this.#waiting = view;
    if (!isTimed) this.#applyAfter(waitMs);
  }

  /** Draws the icon again, for a task bar that changed its colour. */
  refreshIcon(): void {
    if (this.#shown !== null) this.#item.setIcon(this.#shown.icon);
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#item.destroy();
  }

  #applyAfter(waitMs: number): void {
    this.#clock.sleep(waitMs, this.#closed.signal).then(
      () => {
        const view = this.#waiting;
        this.#waiting = null;
        if (view !== null) this.show(view);
      },
      (error: unknown) => {
        if (!isAbort(error)) throw error;
      },
    );
  }

  #apply(view: TrayView): void {
    if (this.#closed.signal.aborted) return;
    const menu = JSON.stringify(view.menu);
    const changes = [view.icon !== this.#shown?.icon, view.tooltip !== this.#shown?.tooltip, menu !== this.#shownMenu];
    if (changes[0] === true) this.#item.setIcon(view.icon);
    if (changes[1] === true) this.#item.setTooltip(view.tooltip);
    if (changes[2] === true) this.#item.setMenu(view.menu);
    if (changes.includes(true)) this.#shownAt = this.#clock.monotonic();
    this.#shown = view;
    this.#shownMenu = menu;
  }
}
