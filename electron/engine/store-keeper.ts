/**
 * Keeps a database that can be trusted in its place, without a person. In: damage that a call, a check at the start or the scrub has
 * met, and a person's wish for another database. Out: the file put aside, never deleted; in its place the newest good backup, or
 * nothing; what stands nowhere else taken over; and everything that is archived and not committed on its way again. Recording goes on
 * all the time: it needs the archive only.
 */
import { existsSync } from 'node:fs';
import type { StoreRecovery, Upkeep } from '../../shared/status.ts';
import { BackupShelf } from './backup/backup-shelf.ts';
import { putDatabaseInPlace, setDatabaseAside } from './backup/database-files.ts';
import { RecoveryLog, type KeptRecovery } from './backup/recovery-log.ts';
import type { DataPaths } from './config/data-paths.ts';
import type { EngineOptions } from './contract.ts';
import type { Clock } from './core/clock.ts';
import { EngineError, StoreError, describeError } from './core/errors.ts';
import type { Logger } from './core/logger.ts';
import { workerData, type Recorder } from './recorder.ts';
import { openDatabase } from './store/database.ts';
import type { Inspection } from './store/store-inspection.ts';
import { StoreLink, isDamage } from './store-link.ts';
import { StoreThread } from './store-thread.ts';
import type { ReaderOperations } from './store-worker-contract.ts';
import type { UpkeepOperations } from './upkeep-worker-contract.ts';

export interface StoreKeeperOptions {
  readonly engine: EngineOptions;
  readonly paths: DataPaths;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: () => Recorder | null;
  /** Something that people want to see soon. */
  readonly onChange: () => void;
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
/** A disk, or a bug, that damages one database after the other is no case for making them anew for ever. */
const MOST_REPLACEMENTS = 3;
const WITHIN_MS = 24 * 3_600_000;

export class StoreKeeper {
  readonly reader: StoreLink<ReaderOperations>;
  readonly checker: StoreLink<ReaderOperations>;
  readonly backups: BackupShelf;
  readonly #options: StoreKeeperOptions;
  #log: RecoveryLog | null = null;
  #isUnclean = false;
  /** Damage was met in a sound-looking file, once. */
  #suspicions = 0;
  #work: Promise<unknown> | null = null;
  #upkeep: Promise<StoreThread<UpkeepOperations>> | null = null;
  #timer: Disposable | null = null;
  #isStopped = false;

  constructor(options: StoreKeeperOptions) {
    this.#options = options;
    this.reader = this.#link();
    this.checker = this.#link();
    this.backups = new BackupShelf(options.paths.backupsDirectory);
  }

  /**
   * Makes sure that there is a database that can be opened, of the present schema. In a command damage is only found, and every call is
   * rejected with it. Errors: SCHEMA_TOO_NEW and whatever else opening gives, STORE_CORRUPT apart.
   */
  async open(): Promise<void> {
    const { engine, paths } = this.#options;
    this.#log = await RecoveryLog.open(paths.recoveries);
    this.#isUnclean = existsSync(`${paths.database}-wal`) || existsSync(paths.engineRecord);
    try {
      openDatabase(paths.database, { nativeBinding: engine.sqliteBinding }).close();
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (engine.mode === 'command') return;
      await this.recover(error);
    }
    await this.reader.open();
  }

  /** Begins to look after the database, once something is recording. A run that did not end properly has its database checked. */
  watch(): void {
    this.#timer = this.#options.clock.every(LOOK_EVERY_MS, () => {
      this.#noteProgress();
    });
    if (this.#isUnclean) this.#inBackground('checking the database after an unclean stop failed', () => this.check());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    // Ends what the work waits for; a recovery that is cut off goes on with the next start.
    await (await this.#upkeep?.catch(() => null))?.terminate();
    await this.#work?.catch(() => undefined);
    // Not closed but ended: a long query or comparison must not hold up the stop.
    await this.reader.hold('terminate');
    await this.checker.hold('terminate');
  }

  get upkeepView(): Upkeep {
    return {
      recovery: this.#recovery(),
      backup: { lastAt: null, kept: 0, failure: null },
      scrub: {
        roundStartedAt: null, doneBytes: 0, totalBytes: 0, lastRoundAt: null, databaseCheckedAt: null,
        repaired: 0, damaged: 0, damagedRanges: [],
      },
    };
  }

  /** The last recovery, with how far it is; null when there was none. */
  #recovery(): StoreRecovery | null {
    const latest = this.#log?.latest ?? null;
    if (latest === null) return null;
    const totals = this.#options.recorder()?.registry.totals();
    const isOver = latest.state === 'done' || totals === undefined;
    return { ...latest, doneBytes: isOver ? 0 : totals.committedBytes, totalBytes: isOver ? 0 : totals.committableBytes };
  }

  /** The thread that works on whole databases, begun when it is needed. */
  async upkeep(): Promise<StoreThread<UpkeepOperations>> {
    const { engine, paths } = this.#options;
    if ((await this.#upkeep?.catch(() => null))?.isEnded !== false) {
      this.#upkeep = StoreThread.startUpkeep({
        archiveDirectory: paths.archiveDirectory,
        sqliteBinding: engine.sqliteBinding,
      });
    }
    return await (this.#upkeep ?? Promise.reject(new StoreError('STORE_FAILED', 'upkeep has ended')));
  }

  /** Reads the whole database, and has it replaced or healed when it is damaged. */
  async check(): Promise<Inspection> {
    const inspection = await (await this.upkeep()).call('inspect', this.#options.paths.database);
    await this.#judge(inspection);
    return inspection;
  }

  /** A call has met damage. Looked into in the background, unless that is being done. */
  report(error: EngineError): void {
    if (this.#work !== null || this.#isStopped || this.#options.engine.mode === 'command') return;
    this.#options.logger.error('the database is damaged', { error: describeError(error) });
    this.#inBackground('looking into the damage failed', async () => {
      const { findings } = await this.check();
      if (findings.length > 0) return;
      this.#suspicions += 1;
      if (this.#suspicions > 1) await this.recover(error);
    });
  }

  /** Puts the database aside and another one in its place, for damage that is certain. */
  async recover(error: EngineError): Promise<void> {
    const since = this.#options.clock.now() - WITHIN_MS;
    if ((this.#log?.replacedSince(since) ?? 0) >= MOST_REPLACEMENTS) throw error;
    await this.replace({ cause: 'damage', reason: error.message, backup: 'newest' });
  }

  /**
   * Puts the present database aside and another one in its place. When it returns, what is archived and not committed is on its way.
   * Errors: NOT_FOUND, BACKUP_DAMAGED: then everything is as it was.
   */
  async replace(wanted: Replacement): Promise<KeptRecovery> {
    const { paths, clock, logger, recorder } = this.#options;
    const source = await this.#sourceOf(wanted);
    const at = clock.now();
    const isDamaged = wanted.cause === 'damage';
    await this.#log?.add({
      ...{ at, cause: wanted.cause, reason: wanted.reason, setAside: null, backup: source?.name ?? null },
      ...{ state: 'replacing', salvaged: 0, endedAt: null },
    });
    this.#options.onChange();
    const links = [recorder()?.store, this.reader, this.checker];
    for (const link of links) await link?.hold(isDamaged ? 'terminate' : 'close');
    try {
      const setAside = await setDatabaseAside(paths.database, isDamaged ? 'damaged' : 'replaced', at);
      recorder()?.registry.adopt([]);
      logger.warn('the database was put aside', { cause: wanted.cause, path: setAside, backup: source?.name ?? null });
      await this.#log?.change({ setAside });
      if (source !== null) await putDatabaseInPlace(source.file, paths.database);
      const salvaged = setAside === null || wanted.cause === 'restore' ? 0 : await this.#salvage(setAside);
      await this.#log?.change({ state: 'catching-up', salvaged });
    } catch (error) {
      await this.#log?.change({ state: 'failed', endedAt: clock.now() });
      throw error;
    } finally {
      for (const link of links) link?.release();
    }
    await recorder()?.adoptStore();
    this.#suspicions = 0;
    this.#options.onChange();
    const entry = this.#log?.latest ?? null;
    if (entry === null) throw new StoreError('STORE_FAILED', 'the store keeper is not open');
    return entry;
  }

  async #judge({ findings }: Inspection): Promise<void> {
    const [first] = findings;
    if (first === undefined) return;
    this.#options.logger.error('damage was found in the database', {
      findings: findings.map(({ part, detail }) => `${part}: ${detail}`).join('; ').slice(0, 1000),
    });
    if (findings.every((finding) => finding.part === 'search-index') && (await this.#healSearch())) return;
    await this.recover(new StoreError('STORE_CORRUPT', `The database is damaged (${first.part}).`));
  }

  /** @returns false when that does not help */
  async #healSearch(): Promise<boolean> {
    const { recorder, clock, logger, paths } = this.#options;
    const store = recorder()?.store;
    if (store === undefined) return false;
    try {
      await (await store.open()).call('rebuildSearch');
      const { findings } = await (await this.upkeep()).call('inspect', paths.database);
      if (findings.length > 0) return false;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return false;
    }
    const at = clock.now();
    logger.warn('the search index was damaged and was made anew');
    await this.#log?.add({
      ...{ at, cause: 'search-index', reason: 'The search index was damaged.', setAside: null, backup: null },
      ...{ state: 'done', salvaged: 0, endedAt: at },
    });
    return true;
  }

  /** The backup to begin with. One that a person named must be good; of others the newest that is. */
  async #sourceOf({ backup }: Replacement): Promise<{ readonly name: string; readonly file: string } | null> {
    if (backup === null) return null;
    const upkeep = await this.upkeep();
    const isSound = async (file: string): Promise<boolean> =>
      (await upkeep.call('inspect', file)).findings.every((finding) => finding.part === 'search-index');
    if (backup !== 'newest') return await this.backups.find(backup, isSound);
    return await this.backups.newestGood(isSound);
  }

  async #salvage(setAside: string): Promise<number> {
    const { paths, logger } = this.#options;
    try {
      const report = await (await this.upkeep()).call('salvage', setAside, paths.database);
      const { generations, deadLetters, minutes, unreadable } = report;
      logger.info('taken over from the old database', { generations, deadLetters, minutes, unreadable: unreadable.join() });
      return generations + deadLetters + minutes;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      logger.warn('nothing could be taken over from the old database', { error: describeError(error) });
      return 0;
    }
  }

  #noteProgress(): void {
    const latest = this.#log?.latest ?? null;
    const totals = this.#options.recorder()?.registry.totals();
    if (latest?.state !== 'catching-up' || this.#work !== null || totals === undefined) return;
    if (totals.committedBytes < totals.committableBytes) return;
    this.#options.logger.info('the database is complete again', { bytes: totals.committedBytes });
    this.#inBackground('noting the end of the recovery failed', async () => {
      await this.#log?.change({ state: 'done', endedAt: this.#options.clock.now() });
      this.#options.onChange();
    });
  }

  #inBackground(failure: string, work: () => Promise<unknown>): void {
    if (this.#work !== null) return;
    this.#work = work()
      .catch((error: unknown) => {
        if (!this.#isStopped) this.#options.logger.error(failure, { error: describeError(error) });
      })
      .finally(() => {
        this.#work = null;
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
