/**
 * Keeps a database that can be trusted in its place, without a person. In: damage that a call, a check at the start or the scrub has
 * met, and a person's wish for another database. Out: the file put aside, never deleted; in its place the newest good backup, or
 * nothing; what stands nowhere else taken over; and everything that is archived and not committed on its way again. Recording goes on
 * all the time: it needs the archive only.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { StoreRecovery } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import { BackupShelf } from './backup/backup-shelf.ts';
import { RESTORING, putDatabaseInPlace, setDatabaseAside } from './backup/database-files.ts';
import { RecoveryLog, type KeptRecovery } from './backup/recovery-log.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { EngineOptions } from './contract.ts';
import type { Clock } from './core/clock.ts';
import { EngineError, StoreError, describeError } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import { workerData, type Recorder } from './recorder.ts';
import { databaseSize, openDatabase } from './store/database.ts';
import type { Finding } from './store/store-inspection.ts';
import { StoreLink, isDamage } from './store-link.ts';
import { StoreThread } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';
import { UpkeepThread } from './upkeep-thread.ts';

export interface StoreKeeperOptions {
  readonly engine: EngineOptions;
  readonly paths: DataPaths;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: () => Recorder | null;
  /** Something that people want to see soon. */
  readonly onChange: () => void;
  /** Another database is in use. */
  readonly onReplaced: () => void;
}

/** What is to stand in the place of the present database. */
export interface Replacement {
  readonly cause: 'damage' | 'rebuild' | 'restore';
  /** Sentence for people. */
  readonly reason: string;
  /** Name of a backup; `newest`: the newest one that proves good; null: none, everything comes from the archive. */
  readonly backup: string | null;
}

const LOOK_EVERY_MS = 1000;
/** Calls that meet the same damage come every second; it is looked into this often. */
const LOOK_AGAIN_MS = 30_000;
/** A disk, or a bug, that damages one database after the other is no case for making them anew for ever. */
const MOST_REPLACEMENTS = 3;
const WITHIN_MS = 24 * 3_600_000;

export class StoreKeeper {
  readonly reader: StoreLink<ReaderOperations>;
  readonly checker: StoreLink<ReaderOperations>;
  readonly backups: BackupShelf;
  readonly #options: StoreKeeperOptions;
  readonly #upkeep: UpkeepThread;
  #log: RecoveryLog | null = null;
  #isUnclean = false;
  /** How often a call has met damage in a file in which nothing was found. */
  #suspicions = 0;
  #lookAgainAt = -Infinity;
  #checkedAt: EpochMs | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #turns = 0;
  #timer: Disposable | null = null;
  #isStopped = false;

  constructor(options: StoreKeeperOptions) {
    this.#options = options;
    const { engine, paths } = options;
    this.reader = this.#link();
    this.checker = this.#link();
    this.backups = new BackupShelf(paths.backupsDirectory);
    this.#upkeep = new UpkeepThread({ archiveDirectory: paths.archiveDirectory, sqliteBinding: engine.sqliteBinding });
  }

  /** A database is being checked, copied or replaced. */
  get isBusy(): boolean {
    return this.#turns > 0;
  }

  /** When the database was read through last, in this run; null: not yet. */
  get checkedAt(): EpochMs | null {
    return this.#checkedAt;
  }

  /** The database in use does not hold all yet that the one before did. */
  get isRecovering(): boolean {
    const state = this.#log?.latest?.state;
    return state === 'replacing' || state === 'catching-up';
  }

  /**
   * Makes sure that there is a database that can be opened, of the present schema. In a command damage is only found, and every call is
   * rejected with it. Errors: SCHEMA_TOO_NEW and whatever else opening gives, STORE_CORRUPT apart.
   */
  async open(): Promise<void> {
    const { engine, paths } = this.#options;
    this.#log = await RecoveryLog.open(paths.recoveries);
    this.#isUnclean = databaseSize(paths.database).walBytes > 0 || existsSync(paths.engineRecord);
    try {
      openDatabase(paths.database, { nativeBinding: engine.sqliteBinding }).close();
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (engine.mode === 'command') return;
      await this.recover(error);
    }
    if (engine.mode === 'service') await this.#resume();
    await this.reader.open();
  }

  /** Begins to look after the database, once something is recording. A run that did not end properly has its database checked. */
  watch(): void {
    this.#timer = this.#options.clock.every(LOOK_EVERY_MS, () => {
      this.#noteProgress();
    });
    if (!this.#isUnclean) return;
    this.#inBackground('checking the database after an unclean stop failed', () => this.check());
  }

  /** Takes on nothing more, and ends what takes long; a recovery that is cut off goes on with the next start. */
  async interrupt(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    await this.#upkeep.end();
  }

  async stop(): Promise<void> {
    await this.interrupt();
    await this.#turn;
    await this.reader.hold('terminate');
    await this.checker.hold('terminate');
  }

  /** The last recovery, with how far it is; null when there was none. */
  get recovery(): StoreRecovery | null {
    const latest = this.#log?.latest ?? null;
    if (latest === null) return null;
    const totals = this.#options.recorder()?.registry.totals();
    if (latest.state !== 'catching-up' || totals === undefined) return { ...latest, doneBytes: 0, totalBytes: 0 };
    return { ...latest, doneBytes: totals.committedBytes, totalBytes: totals.committableBytes };
  }

  /** Reads the whole database, and has it healed or replaced when it is damaged. @returns what was found */
  check(): Promise<readonly Finding[]> {
    return this.#alone(async () => {
      const { findings } = await this.#upkeep.call('inspect', this.#options.paths.database);
      await this.#judge(findings);
      this.#checkedAt = this.#options.clock.now();
      return findings;
    });
  }

  /** A call has met damage. Looked into in the background, unless something is being done already. */
  report(error: EngineError): void {
    const now = this.#options.clock.monotonic();
    if (this.isBusy || this.#isStopped || this.#options.engine.mode === 'command' || now < this.#lookAgainAt) return;
    this.#lookAgainAt = now + LOOK_AGAIN_MS;
    this.#options.logger.error('the database is damaged', { error: describeError(error) });
    this.#inBackground('looking into the damage failed', async () => {
      if ((await this.check()).length > 0) return;
      this.#suspicions += 1;
      if (this.#suspicions > 1) await this.recover(error);
    });
  }

  /** Puts a database that cannot be worked with aside, and another one in its place. */
  async recover(error: EngineError): Promise<void> {
    await this.replace({ cause: 'damage', reason: error.message, backup: 'newest' });
  }

  /**
   * Puts the present database aside and another one in its place. When it returns, what is archived and not committed is on its way.
   * Errors: NOT_FOUND, BACKUP_DAMAGED: then everything is as it was.
   */
  replace(wanted: Replacement): Promise<KeptRecovery> {
    return this.#alone(() => this.#replace(wanted));
  }

  /** Writes a copy of the database. Error: STORE_CORRUPT, which is seen to as well. */
  async copy(target: string): Promise<void> {
    try {
      await this.#alone(() => this.#upkeep.call('copy', this.#options.paths.database, target));
    } catch (error) {
      if (isDamage(error)) this.report(error);
      throw error;
    }
  }

  /** Reads a copy through. What is wrong in it is wrong in the database as well, and seen to there. */
  async inspectCopy(file: string): Promise<{ isSound: boolean; exchanges: number; records: number; sessions: number }> {
    const { findings, ...counts } = await this.#alone(() => this.#upkeep.call('inspectCopy', file));
    if (findings.length > 0)
      this.#inBackground('healing the database failed', () => this.#alone(() => this.#judge(findings)));
    return { isSound: isUsable(findings), ...counts };
  }

  async #replace(wanted: Replacement): Promise<KeptRecovery> {
    const { recorder, onChange, onReplaced } = this.#options;
    const log = this.#opened();
    const source = await this.#sourceOf(wanted);
    const links = [recorder()?.store, this.reader, this.checker];
    const at = this.#options.clock.now();
    await log.add({
      ...{ at, cause: wanted.cause, reason: wanted.reason, setAside: null, backup: source?.name ?? null },
      ...{ state: 'replacing', salvaged: 0, endedAt: null },
    });
    onChange();
    try {
      for (const link of links) await link?.hold(wanted.cause === 'damage' ? 'terminate' : 'close');
      await this.#exchange(wanted, source, at);
      await log.change({ state: 'catching-up' });
    } catch (error) {
      await log.change({ state: 'failed', endedAt: this.#options.clock.now() });
      throw error;
    } finally {
      for (const link of links) link?.release();
    }
    await recorder()?.adoptStore();
    this.#suspicions = 0;
    onReplaced();
    onChange();
    return log.latest ?? Promise.reject(new StoreError('STORE_FAILED', 'the recovery was not noted'));
  }

  /** The files themselves. Nobody has the database open. */
  async #exchange(wanted: Replacement, source: { readonly file: string } | null, at: number): Promise<void> {
    const { paths, logger, recorder } = this.#options;
    const setAside = await setDatabaseAside(paths.database, wanted.cause === 'damage' ? 'damaged' : 'replaced', at);
    // Whatever fails from here on: nothing counts as committed that the new database does not say.
    recorder()?.registry.adopt([]);
    logger.warn('the database was put aside', { cause: wanted.cause, path: setAside, backup: source?.file ?? null });
    await this.#log?.change({ setAside });
    if (source !== null) await putDatabaseInPlace(source.file, paths.database);
    // Before anybody reads it: a backup may be of an earlier version.
    openDatabase(paths.database, { nativeBinding: this.#options.engine.sqliteBinding }).close();
    // Who goes back to an earlier state wants that state.
    if (setAside === null || wanted.cause === 'restore') return;
    await this.#log?.change({ salvaged: await this.#salvage(setAside) });
  }

  async #judge(findings: readonly Finding[]): Promise<void> {
    const [first] = findings;
    if (first === undefined) return;
    const details = findings.map(({ part, detail }) => `${part}: ${detail}`).join('; ');
    this.#options.logger.error('damage was found in the database', { findings: details.slice(0, 1000) });
    if (isUsable(findings) && (await this.#healSearch())) return;
    const now = this.#options.clock.now();
    if (this.#opened().replacedSince(now - WITHIN_MS) < MOST_REPLACEMENTS) {
      await this.#replace({ cause: 'damage', reason: REASONS[first.part], backup: 'newest' });
      return;
    }
    if (this.#opened().latest?.state === 'failed') return;
    await this.#opened().add({
      ...{ at: now, cause: 'damage', reason: TOO_OFTEN, setAside: null, backup: null },
      ...{ state: 'failed', salvaged: 0, endedAt: now },
    });
  }

  /** @returns false when that does not help */
  async #healSearch(): Promise<boolean> {
    const { recorder, clock, logger, paths } = this.#options;
    try {
      await (await recorder()?.store.open())?.call('rebuildSearch');
      const { findings } = await this.#upkeep.call('inspect', paths.database);
      if (findings.length > 0) return false;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return false;
    }
    const at = clock.now();
    logger.warn('the search index was damaged and was made anew');
    await this.#log?.add({
      ...{ at, cause: 'search-index', reason: REASONS['search-index'], setAside: null, backup: null },
      ...{ state: 'done', salvaged: 0, endedAt: at },
    });
    return true;
  }

  /** The backup to begin with. One that a person named must be good; of others the newest that is. */
  async #sourceOf({ backup }: Replacement): Promise<{ readonly name: string; readonly file: string } | null> {
    if (backup === null) return null;
    const findingsOf = async (file: string): Promise<readonly Finding[]> =>
      (await this.#upkeep.call('inspect', file)).findings;
    if (backup !== 'newest') return await this.backups.find(backup, async (file) => isUsable(await findingsOf(file)));
    // Pages of a damaged index may not even be emptied, so nothing is begun with one.
    return await this.backups.newestGood(async (file) => (await findingsOf(file)).length === 0);
  }

  async #salvage(setAside: string): Promise<number> {
    const { paths, logger } = this.#options;
    try {
      const report = await this.#upkeep.call('salvage', setAside, paths.database);
      const { generations, deadLetters, minutes, unreadable } = report;
      logger.info('taken over from the old database', {
        generations,
        deadLetters,
        minutes,
        unreadable: unreadable.join(),
      });
      return generations + deadLetters + minutes;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      logger.warn('nothing could be taken over from the old database', { error: describeError(error) });
      return 0;
    }
  }

  /** A replacement that was cut off: whatever database there is now, the archive brings it up to date. */
  async #resume(): Promise<void> {
    const log = this.#opened();
    await rm(`${this.#options.paths.database}${RESTORING}`, { force: true });
    if (log.latest?.state !== 'replacing') return;
    const { setAside, cause } = log.latest;
    const salvaged = setAside === null || cause === 'restore' ? 0 : await this.#salvage(setAside);
    await log.change({ state: 'catching-up', salvaged });
  }

  #noteProgress(): void {
    if (this.#log?.latest?.state !== 'catching-up' || this.isBusy) return;
    const totals = this.#options.recorder()?.registry.totals();
    if (totals === undefined || totals.committedBytes < totals.committableBytes) return;
    this.#inBackground('noting the end of the recovery failed', async () => {
      await this.#alone(async () => {
        await this.#log?.change({ state: 'done', endedAt: this.#options.clock.now() });
      });
      this.#options.logger.info('the database is complete again', { bytes: totals.committedBytes });
      this.#options.onChange();
    });
  }

  #opened(): RecoveryLog {
    if (this.#log === null) throw new StoreError('STORE_FAILED', 'the store keeper is not open');
    return this.#log;
  }

  /** One piece of work on the database as a whole after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#turns += 1;
    const turn = this.#turn.then(() => {
      if (this.#isStopped) throw new StoreError('STORE_FAILED', 'Holdfast stops', { retryable: true });
      return work();
    });
    this.#turn = turn
      .catch(() => undefined) // Who asked for it is told.
      .then(async () => {
        this.#turns -= 1;
        // The thread holds memory that is needed once a day.
        if (this.#turns === 0) await this.#upkeep.end();
      });
    return turn;
  }

  #inBackground(failure: string, work: () => Promise<unknown>): void {
    void work().catch((error: unknown) => {
      if (!this.#isStopped) this.#options.logger.error(failure, { error: describeError(error) });
    });
  }

  #link(): StoreLink<ReaderOperations> {
    const { engine, paths, logger } = this.#options;
    return new StoreLink<ReaderOperations>({
      start: () => StoreThread.start<ReaderOperations>(workerData('reader', engine, paths)),
      onDamage: (error) => {
        this.report(error);
      },
      onCrash: () => {
        logger.error('a reading thread had ended and was started again');
      },
    });
  }
}

const REASONS: Readonly<Record<Finding['part'], string>> = {
  structure: 'A check found the database file damaged.',
  content: 'A check found rows of the database that do not say what was saved.',
  'search-index': 'The search index was damaged.',
};

const TOO_OFTEN =
  'The database is damaged again, as it was several times today: its disk may be failing. It was left in place; ' +
  'the archive goes on being written.';

/** The index can be made again; everything else is there. */
function isUsable(findings: readonly Finding[]): boolean {
  return findings.every((finding) => finding.part === 'search-index');
}
