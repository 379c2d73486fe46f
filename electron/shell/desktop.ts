/** The desktop side of the program: puts tray, window and calls around an engine, and takes them down again. */
import path from 'node:path';
import { Menu, app, nativeTheme, powerMonitor, protocol, shell } from 'electron';
import type { JobView, StatusSnapshot } from '../../shared/status.ts';
import type { DesktopActions, Engine } from '../engine/contract.ts';
import type { Clock } from '../engine/core/clock.ts';
import { describeError } from '../engine/core/errors.ts';
import type { Logger } from '../engine/core/logger.ts';
import { CallGate } from './call-gate.ts';
import { clockTimes } from './clock-time.ts';
import { EventPush } from './event-push.ts';
import { listenToCalls } from './ipc-main.ts';
import { createPeople } from './people.ts';
import { APP_SCHEME, serveBundle } from './protocol.ts';
import { createSystemTray } from './tray.ts';
import { TrayCommands } from './tray-commands.ts';
import { findTrayHost } from './tray-host.ts';
import { trayIconFile } from './tray-icon.ts';
import { TrayPresenter } from './tray-presenter.ts';
import { resyncOutcome, trayView } from './tray-view.ts';
import { TrustedSenders } from './trusted-senders.ts';
import { StatusWindow } from './window.ts';
import { WindowStateFile } from './window-state.ts';

export interface DesktopOptions {
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly resourcesDirectory: string;
  /** The built window; null: it was not built, and its address gives "not found". */
  readonly rendererDirectory: string | null;
  /** Absolute path of the bundled preload. */
  readonly preload: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Desktop {
  readonly #options: DesktopOptions;
  readonly #people = createPeople();
  readonly #senders = new TrustedSenders();
  readonly #stateFile: WindowStateFile;
  readonly #window: StatusWindow;
  readonly #clockTime = clockTimes();
  readonly #listening: Disposable[] = [];
  #tray: TrayPresenter | null = null;
  #push: EventPush | null = null;
  #snapshot: StatusSnapshot | null = null;
  #resync: JobView | null = null;

  constructor(options: DesktopOptions) {
    this.#options = options;
    this.#stateFile = new WindowStateFile(path.join(options.home, 'window-state.json'));
    this.#window = new StatusWindow({
      stateFile: this.#stateFile,
      senders: this.#senders,
      preload: options.preload,
      icon: path.join(options.resourcesDirectory, trayIconFile('linux', 'ok', 'dark')),
      devTools: !app.isPackaged,
      clock: options.clock,
      logger: options.logger,
    });
  }

  /** What the engine may ask of a desktop. */
  get actions(): DesktopActions {
    return {
      openFolder: async (directory) => (await shell.openPath(directory)) === '',
      showWindow: async () => {
        await this.showWindow();
        return true;
      },
    };
  }

  /**
   * Shows the tray icon and answers the page. After `ready`, before the engine is started.
   * @param quit ends the program
   */
  start(engine: Engine, quit: () => void): void {
    const { platform, rendererDirectory, logger } = this.#options;
    if (platform !== 'darwin') Menu.setApplicationMenu(null);
    protocol.handle(APP_SCHEME, (request) =>
      rendererDirectory === null ? new Response(null, { status: 404 }) : serveBundle(rendererDirectory, request),
    );
    const gate = new CallGate({ handlers: engine.handlers, senders: this.#senders, logger: logger.child('ipc') });
    this.#push = new EventPush({ engine, receiver: this.#window, clock: this.#options.clock });
    this.#push.start();
    this.#listening.push(listenToCalls(gate));
    this.#startTray(engine, quit);
    // On a shutdown of the system nobody presses "Quit"; it waits a moment for programs that ask it to.
    powerMonitor.on('shutdown', quit);
  }

  showWindow(): Promise<void> {
    return this.#window.show();
  }

  /** Says something that needs no window. */
  tell(text: string): void {
    this.#people.tell('Holdfast', text);
  }

  /** Opens the window, and says so once if it is all there is, because the desktop shows no tray icons. */
  async showWindowOrTray(hidden: boolean): Promise<void> {
    const isTrayMissing = (await findTrayHost(this.#options.platform)) === 'absent';
    if (isTrayMissing || !hidden) await this.showWindow();
    if (!isTrayMissing) return;
    this.#options.logger.info('this desktop shows no tray icons');
    const state = await this.#stateFile.read();
    if (state.toldTrayMissing) return;
    await this.#stateFile.write({ ...state, toldTrayMissing: true });
    this.tell('This desktop shows no tray icons. Holdfast records all the same; start it again to see its window.');
  }

  /** Takes everything away but the tray icon, which stays until the engine has stopped; see {@link close}. */
  async stop(): Promise<void> {
    this.#push?.stop();
    await this.#window.close();
    for (const listening of this.#listening.splice(0)) listening[Symbol.dispose]();
  }

  close(): void {
    this.#tray?.close();
  }

  #startTray(engine: Engine, quit: () => void): void {
    const { platform, resourcesDirectory, clock, logger } = this.#options;
    const commands = new TrayCommands({
      handlers: engine.handlers,
      window: this.#window,
      people: this.#people,
      snapshot: () => this.#snapshot,
      quit,
      logger: logger.child('tray'),
    });
    const run = (command: Parameters<TrayCommands['run']>[0]): void => {
      commands.run(command).catch((error: unknown) => {
        logger.error('menu command could not be reported', { error: describeError(error) });
      });
    };
    const tray = new TrayPresenter(createSystemTray({ platform, resourcesDirectory, run }), clock);
    this.#tray = tray;
    this.#drawTray();
    nativeTheme.on('updated', () => {
      tray.refreshIcon();
    });
    this.#listening.push(
      engine.on('status.changed', (snapshot) => {
        this.#snapshot = snapshot;
        this.#drawTray();
      }),
      engine.on('job.changed', (job) => {
        this.#followJob(job);
      }),
    );
  }

  #followJob(job: JobView): void {
    if (job.kind !== 'resync') return;
    const wasRunning = this.#resync?.id !== job.id || this.#resync.state === 'running';
    this.#resync = job;
    this.#drawTray();
    if (wasRunning && job.state !== 'running') this.tell(resyncOutcome(job));
  }

  #drawTray(): void {
    this.#tray?.show(trayView({ snapshot: this.#snapshot, resync: this.#resync }, this.#clockTime));
  }
}
