/**
 * The status window, and the only place where a window is made. It exists while it is open: closed, it is destroyed, which
 * gives some 36 MB back over hiding it.
 */
import { BrowserWindow, screen } from 'electron';
import { EVENT_CHANNEL } from '../../shared/ipc-channel.ts';
import type { EventTopic, Events } from '../../shared/ipc.ts';
import type { Clock } from '../engine/core/clock.ts';
import { describeError } from '../engine/core/errors.ts';
import { Emitter } from '../engine/core/emitter.ts';
import type { Logger } from '../engine/core/logger.ts';
import { APP_PAGE } from './protocol.ts';
import type { TrustedSenders } from './trusted-senders.ts';
import { windowOptions } from './window-options.ts';
import type { WindowOptionsInput } from './window-options.ts';
import type { WindowState, WindowStateFile } from './window-state.ts';

export interface StatusWindowOptions extends Pick<WindowOptionsInput, 'preload' | 'icon' | 'devTools'> {
  readonly stateFile: WindowStateFile;
  readonly senders: TrustedSenders;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A page that dies is shown again, unless it dies again within this time. */
const LEAST_LIFE_MS = 60_000;

/** A conversation to show: a session, and in it an exchange. */
export interface ConversationPlace {
  readonly session: string;
  readonly exchange: string;
}

export class StatusWindow {
  readonly #options: StatusWindowOptions;
  readonly #shown = new Emitter<void>();
  #window: BrowserWindow | null = null;
  #opening: Promise<BrowserWindow> | null = null;
  #saving: Promise<void> = Promise.resolve();
  #openedAt = 0;

  constructor(options: StatusWindowOptions) {
    this.#options = options;
  }

  /** Whether somebody can see it: open, not hidden, not minimised. */
  get isVisible(): boolean {
    return this.#window !== null && this.#window.isVisible() && !this.#window.isMinimized();
  }

  /** Announces that the window can be seen (again). */
  onShown(listener: () => void): Disposable {
    return this.#shown.on(listener);
  }

  /** Opens the window or brings it to the front, at a conversation if one is given. Resolves when it is on the screen. */
  async show(place: ConversationPlace | null = null): Promise<void> {
    const isNew = this.#window === null;
    const window = this.#window ?? (await (this.#opening ??= this.#open(place)));
    if (!isNew && place !== null) await this.#load(window, place);
    if (window.isDestroyed()) return;
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  /** Hands an event to the page. */
  send<E extends EventTopic>(topic: E, payload: Events[E]): void {
    this.#window?.webContents.send(EVENT_CHANNEL, topic, payload);
  }

  /** Closes the window and resolves when its place is written down. */
  async close(): Promise<void> {
    this.#window?.close();
    await this.#saving;
  }

  async #open(place: ConversationPlace | null): Promise<BrowserWindow> {
    try {
      const state = await this.#options.stateFile.read();
      const workAreas = screen.getAllDisplays().map((display) => display.workArea);
      const window = new BrowserWindow(windowOptions({ ...this.#options, state, workAreas }));
      this.#window = window;
      this.#openedAt = this.#options.clock.monotonic();
      this.#follow(window);
      if (state.maximized) window.maximize();
      await this.#load(window, place);
      return window;
    } finally {
      this.#opening = null;
    }
  }

  /** An empty window tells nobody anything: it goes, and the next wish for it starts anew. */
  async #load(window: BrowserWindow, place: ConversationPlace | null): Promise<void> {
    try {
      await window.loadURL(pageAddress(place));
    } catch (error) {
      if (!window.isDestroyed()) window.destroy();
      throw error;
    }
  }

  #follow(window: BrowserWindow): void {
    const trust = this.#options.senders.add(window.webContents.id);
    const announce = (): void => {
      this.#shown.emit();
    };
    window.on('show', announce);
    window.on('restore', announce);
    window.on('close', () => {
      this.#remember(window);
    });
    window.on('closed', () => {
      trust[Symbol.dispose]();
      this.#window = null;
    });
    window.webContents.on('render-process-gone', () => {
      const livedMs = this.#options.clock.monotonic() - this.#openedAt;
      const wasVisible = this.isVisible;
      window.destroy();
      if (wasVisible && livedMs >= LEAST_LIFE_MS) this.#reopen();
    });
  }

  #reopen(): void {
    this.show().catch((error: unknown) => {
      this.#options.logger.error('window could not be shown again', { error: describeError(error) });
    });
  }

  #remember(window: BrowserWindow): void {
    const place: Partial<WindowState> = { bounds: window.getNormalBounds(), maximized: window.isMaximized() };
    this.#saving = this.#options.stateFile
      .read()
      .then((known) => this.#options.stateFile.write({ ...known, ...place }))
      .catch((error: unknown) => {
        this.#options.logger.warn('place of the window was not kept', { error: describeError(error) });
      });
  }
}

/** The place travels in the fragment, like the token of the window over HTTP: the page reads both with one parser. */
function pageAddress(place: ConversationPlace | null): string {
  return place === null ? APP_PAGE : `${APP_PAGE}#${new URLSearchParams({ ...place }).toString()}`;
}
