import type { EventTopic, Events, Handlers } from '../../shared/ipc.ts';

/** What the outside gives the engine: read once from the environment by the entry files, then passed on. */
export interface EngineOptions {
  /** `HOLDFAST_HOME`: every file of ours. */
  readonly home: string;
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The person's home folder, where the agents keep theirs. */
  readonly userHome: string;
  /** The variables that decide where things are: `CLAUDE_CONFIG_DIR`, `HOLDFAST_REDIS_URL`, `PATH` … */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder with `redis/<platform>-<arch>/`. */
  readonly resourcesDirectory: string;
  /** The built window (`index.html` …) to serve over loopback; null: no window. */
  readonly rendererDirectory: string | null;
  /** Port of the loopback API; 0: any free one; null: what the settings say. */
  readonly port: number | null;
  /**
   * - `service`: records until it is stopped, serves the API.
   * - `command`: for one command line job without a running engine: no watching, no API, nothing in the background.
   */
  readonly mode: 'service' | 'command';
  /** What only a desktop can do; each resolves to false when it cannot. */
  readonly desktop: DesktopActions | null;
  /** Alternative better-sqlite3 addon, for tests inside an Electron whose Node-API is older. */
  readonly sqliteBinding: string | null;
}

export interface DesktopActions {
  openFolder(directory: string): Promise<boolean>;
  showWindow(): Promise<boolean>;
}

/** The whole recorder, seen from outside. The shell, the API and the command line know nothing else of it. */
export interface Engine {
  /** One handler for each request of `shared/ipc.ts`, arguments already validated by the transport. */
  readonly handlers: Handlers;
  /** Address of the loopback API, `http://127.0.0.1:<port>`; null before start and in `command` mode. */
  readonly apiUrl: string | null;
  /** Address of the window over HTTP with its token in the fragment; null when there is none. */
  readonly windowUrl: string | null;
  /** Listens to an event; `status.changed` comes at most four times a second. */
  on<E extends EventTopic>(topic: E, listener: (payload: Events[E]) => void): Disposable;
  /**
   * Takes the lock of the data folder and starts every part.
   * Errors: ENGINE_ALREADY_RUNNING, DATA_FOLDER_UNWRITABLE, CONFIG_INVALID, CONFIG_VERSION_TOO_NEW, PORT_TAKEN,
   * SCHEMA_TOO_NEW, STORE_CORRUPT.
   */
  start(signal: AbortSignal): Promise<void>;
  /** Drains and ends every part, source first, within five seconds. Idempotent. */
  stop(): Promise<void>;
}

/** A transport's view of the engine: what the API server and the shell's IPC need. */
export type EngineAccess = Pick<Engine, 'handlers' | 'on'>;
