/**
 * Brings a server to its first PONG: settles what is left over from before, finds a place for it, makes sure that its files
 * can be loaded, and starts it. Damaged files are moved aside; every other failure is for the caller to time.
 */
import path from 'node:path';
import type { Clock } from '../core/clock.ts';
import { RedisServerError } from '../core/errors.ts';
import { ensurePrivateDirectory, isEmptyDirectory, isManifestMissing, quarantine } from './data-directory.ts';
import { describeExit, exitCause } from './exit-cause.ts';
import type { LocalServer } from './find-server.ts';
import { freeLoopbackPort } from './free-port.ts';
import type { ProcessIdentityOptions } from './process-identity.ts';
import type { RedisRecovery } from './redis-state.ts';
import type { RunningServer } from './running-server.ts';
import { loadPassword } from './server-password.ts';
import type { ServerExit } from './server-process.ts';
import { awaitPong } from './server-readiness.ts';
import { removeServerRecord } from './server-record.ts';
import { startServer } from './server-start.ts';
import { settleRecorded, vacate, type Listen, type Recorded, type TakeoverOptions } from './server-takeover.ts';
import { prepareSocketDirectory } from './socket-directory.ts';
import type { SupervisorTimings } from './supervisor-timings.ts';

export interface LauncherOptions {
  /** `<HOLDFAST_HOME>/redis`. */
  readonly directory: string;
  readonly transport: 'socket' | 'tcp';
  /** `XDG_RUNTIME_DIR`. */
  readonly runtimeDirectory: string | null;
  readonly temporaryDirectory: string;
  readonly userId: number | null;
  readonly serverEnvironment: Readonly<Record<string, string>>;
  readonly identity: ProcessIdentityOptions;
  readonly clock: Clock;
  readonly timings: SupervisorTimings;
  readonly freeBytes: (directory: string) => Promise<number>;
  readonly onRecovery: (recovery: Omit<RedisRecovery, 'at'>) => void;
}

/** Where one server works. The second and later ones are for as long as a stranger has the first. */
interface Slot {
  readonly number: number;
  readonly directory: string;
}

const SLOTS = 5;
const STARTS_AT_ONE_GO = 5;
/** Unexplained ends in a row before PONG, after which the files are suspected. */
const UNEXPLAINED_ENDS_ALLOWED = 3;
/** Below this a server cannot even open its files for long. */
const DISK_FULL_BYTES = 16 * 1024 * 1024;

export class ServerLauncher {
  readonly #options: LauncherOptions;
  readonly #recordFile: string;
  #isSocketElsewhere = false;
  #unexplainedEnds = 0;

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#recordFile = path.join(options.directory, 'server.json');
  }

  /** Errors: REDIS_EXITED, REDIS_NOT_READY. An abort ends what was started. */
  async launch(server: LocalServer, signal: AbortSignal): Promise<RunningServer> {
    await ensurePrivateDirectory(this.#options.directory);
    const takeover = await this.#takeoverOptions();
    const recorded = await settleRecorded(takeover);
    signal.throwIfAborted();
    if (recorded.kind === 'adopted') return this.#adopt(recorded, server, signal);
    if (recorded.kind === 'replaced') this.#report('replaced', null, recorded.reason);
    await this.forget();

    let reason = '';
    for (let number = 1; number <= SLOTS; number += 1) {
      const slot = this.#slot(number);
      const vacancy = await vacate(await this.#chooseListen(slot), slot.directory, takeover);
      if (vacancy.kind === 'replaced') this.#report('replaced', null, vacancy.reason);
      if (vacancy.kind !== 'occupied') return this.#start(server, slot, takeover.password, signal);
      reason = vacancy.reason;
      this.#report('avoided', slot.directory, reason);
    }
    throw new RedisServerError('REDIS_NOT_READY', reason, { retryable: true });
  }

  /** For after the server has ended: the next start finds no trace of it. */
  async forget(): Promise<void> {
    await removeServerRecord(this.#recordFile);
  }

  async isDiskFull(): Promise<boolean> {
    try {
      return (await this.#options.freeBytes(this.#options.directory)) < DISK_FULL_BYTES;
    } catch {
      // A folder that is not there, or not for us, is another trouble, and the server's own end tells which.
      return false;
    }
  }

  async #adopt(
    recorded: Extract<Recorded, { readonly kind: 'adopted' }>,
    server: LocalServer,
    signal: AbortSignal,
  ): Promise<RunningServer> {
    const { endpoint, process } = recorded;
    const { clock, timings } = this.#options;
    await recorded.connection.close();
    const ready = await awaitPong(endpoint, { clock, timings, signal, isGone: () => false });
    if (ready === null) {
      await process.end('hung');
      throw new RedisServerError('REDIS_NOT_READY', 'The Redis that was left over did not get ready.', {
        retryable: true,
      });
    }
    this.#report('adopted', null, 'The Redis of a Holdfast that had crashed was taken over.');
    return { endpoint, origin: server.origin, adopted: true, ...ready, process };
  }

  async #start(server: LocalServer, slot: Slot, password: string, signal: AbortSignal): Promise<RunningServer> {
    await ensurePrivateDirectory(slot.directory);
    if (await isManifestMissing(slot.directory))
      await this.#quarantine(slot, 'The list of the queue’s files was missing');
    let reason = 'Redis did not start.';
    for (let round = 0; round < STARTS_AT_ONE_GO; round += 1) {
      signal.throwIfAborted();
      const config = { listen: await this.#chooseListen(slot), directory: slot.directory, password };
      const outcome = await startServer({ ...this.#options, server, config, recordFile: this.#recordFile, signal });
      if ('process' in outcome) {
        this.#unexplainedEnds = 0;
        return outcome;
      }
      await this.forget();
      reason = describeExit(outcome);
      if (!(await this.#isWorthAnotherStart(outcome, slot))) break;
    }
    throw new RedisServerError('REDIS_EXITED', reason, { retryable: true });
  }

  /** Puts right what can be put right at once. */
  async #isWorthAnotherStart(exit: ServerExit, slot: Slot): Promise<boolean> {
    switch (exitCause(exit)) {
      case 'port-taken':
        return true;
      case 'socket-unusable': {
        const isNew = !this.#isSocketElsewhere;
        this.#isSocketElsewhere = true;
        return isNew;
      }
      case 'data-damaged':
        if (await isEmptyDirectory(slot.directory)) return false;
        await this.#quarantine(slot, 'The queue’s files were damaged');
        return true;
      case 'unknown':
        return this.#isWorthAnotherStartWithoutFiles(slot);
    }
  }

  /** A damaged file may also crash the server without a word about it. Full disks do not damage what is there. */
  async #isWorthAnotherStartWithoutFiles(slot: Slot): Promise<boolean> {
    this.#unexplainedEnds += 1;
    if (this.#unexplainedEnds < UNEXPLAINED_ENDS_ALLOWED) return false;
    this.#unexplainedEnds = 0;
    if ((await isEmptyDirectory(slot.directory)) || (await this.isDiskFull())) return false;
    await this.#quarantine(slot, 'Redis could not start with the queue’s files');
    return true;
  }

  async #quarantine(slot: Slot, what: string): Promise<void> {
    const { directory, clock } = this.#options;
    const target = await quarantine(slot.directory, directory, clock.now());
    this.#report('quarantined', target, `${what}. They were moved aside, and the queue is rebuilt from the archive.`);
  }

  async #chooseListen(slot: Slot): Promise<Listen> {
    const { transport, directory, runtimeDirectory, temporaryDirectory, userId } = this.#options;
    if (transport === 'tcp') return { kind: 'tcp', port: await freeLoopbackPort() };
    const folder = await prepareSocketDirectory({
      preferred: path.join(directory, 'run'),
      runtimeDirectory,
      temporaryDirectory,
      userId,
      elsewhere: this.#isSocketElsewhere,
    });
    return { kind: 'socket', path: path.join(folder, slot.number === 1 ? 'r.sock' : `r-${slot.number}.sock`) };
  }

  #slot(number: number): Slot {
    return { number, directory: path.join(this.#options.directory, number === 1 ? 'data' : `data-${number}`) };
  }

  async #takeoverOptions(): Promise<TakeoverOptions> {
    const { directory, identity, clock, timings } = this.#options;
    const password = await loadPassword(path.join(directory, 'password'));
    return { recordFile: this.#recordFile, password, identity, clock, timings };
  }

  #report(kind: RedisRecovery['kind'], path: string | null, reason: string): void {
    this.#options.onRecovery({ kind, path, reason });
  }
}
