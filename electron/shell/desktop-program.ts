/** The life of the program: start, a second start, the ways to end. Knows the engine by its contract, and no more. */
import type { App } from 'electron';
import type { Engine } from '../engine/contract.ts';
import type { Clock } from '../engine/core/clock.ts';
import { EngineError, describeError, isAbort } from '../engine/core/errors.ts';
import type { Logger } from '../engine/core/logger.ts';
import type { Desktop } from './desktop.ts';
import { showRunningEngine } from './running-engine.ts';
import { Shutdown } from './shutdown.ts';
import { startFailureText } from './start-failure.ts';

export interface DesktopProgramOptions {
  readonly app: App;
  readonly engine: Engine;
  /** Null: without tray and window. */
  readonly desktop: Desktop | null;
  readonly home: string;
  /** Starts with the tray alone. */
  readonly hidden: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class DesktopProgram {
  readonly #options: DesktopProgramOptions;
  readonly #starting = new AbortController();
  readonly #shutdown: Shutdown;

  constructor(options: DesktopProgramOptions) {
    this.#options = options;
    const { app, clock, logger } = options;
    const exit = (code: number): void => {
      app.exit(code);
    };
    this.#shutdown = new Shutdown({ stop: () => this.#stop(), exit, clock, logger });
  }

  /** Listens to what the system asks of a program. Before `ready`. */
  follow(): void {
    const { app, desktop } = this.#options;
    const show = (): void => {
      this.#watch(desktop?.showWindow());
    };
    app.on('second-instance', show);
    app.on('activate', show);
    app.on('window-all-closed', () => {
      // Recording goes on in the tray; without a listener Electron would quit.
    });
    app.on('before-quit', (event) => {
      event.preventDefault();
      this.quit();
    });
  }

  /** After `ready`. Never rejects: a start that fails ends the program with a sentence. */
  async start(): Promise<void> {
    const { engine, desktop, home, hidden } = this.#options;
    try {
      desktop?.start(engine, () => {
        this.quit();
      });
      await engine.start(this.#starting.signal);
    } catch (error) {
      await this.#explain(error);
      return;
    }
    console.log(`Holdfast is recording. Its data: ${home}.`);
    // A window that cannot be shown is no reason to stop recording.
    if (desktop !== null) this.#watch(desktop.showWindowOrTray(hidden));
    else console.log(engine.windowUrl === null ? 'There is no window here.' : `Window: ${engine.windowUrl}`);
  }

  /** Ends everything, once, within five seconds. */
  quit(): void {
    this.#watch(this.#shutdown.request());
  }

  async #explain(error: unknown): Promise<void> {
    if (isAbort(error)) return;
    if (error instanceof EngineError && error.code === 'ENGINE_ALREADY_RUNNING') {
      const { sentence, windowUrl } = await showRunningEngine(this.#options.home, this.#options.logger);
      console.log(windowUrl === null ? sentence : `${sentence} Its window: ${windowUrl}`);
      this.#options.desktop?.tell(sentence);
      await this.#shutdown.request(0);
      return;
    }
    const text = startFailureText(error);
    console.error(text);
    this.#options.desktop?.tell(text);
    await this.#shutdown.request(1);
  }

  async #stop(): Promise<void> {
    this.#starting.abort();
    const { engine, desktop } = this.#options;
    // The engine too if the desktop fails: what is recorded matters more than a window.
    const results = await Promise.allSettled([desktop?.stop(), engine.stop()]);
    desktop?.close();
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'not everything stopped cleanly');
  }

  #watch(work: Promise<void> | undefined): void {
    work?.catch((error: unknown) => {
      this.#options.logger.error('something was asked for and failed', { error: describeError(error) });
    });
  }
}
