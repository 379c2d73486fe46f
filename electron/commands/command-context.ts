import type { EngineOptions } from '../engine/contract.ts';
import type { Clock } from '../engine/core/clock.ts';
import type { Output } from './output.ts';

/** What the outside gives a command: read once in `cli.ts`, replaced in tests. */
export interface CommandContext {
  /** Describes the engine that a command builds for itself when none is running. */
  readonly engine: EngineOptions;
  /** Folder against which paths on the command line are resolved. */
  readonly workingDirectory: string;
  /** Data only. */
  readonly out: Output;
  /** Progress, notices and errors. */
  readonly err: Output;
  readonly clock: Clock;
  /**
   * Aborted at the first Ctrl-C or SIGTERM from the first time it is asked for; a second one ends the process. Asked for
   * late, so that `run` can keep the signals to itself.
   */
  interrupted(): AbortSignal;
  /** Asks on the terminal and waits for a line; null where there is none. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Runs the engine in this process until it is stopped. Resolves to the exit code. */
  runHeadless(args: readonly string[]): Promise<number>;
  /** Starts the desktop program as `npm start` does, and waits for it; null when it is not here. */
  runDesktop(args: readonly string[]): Promise<number | null>;
}
