/** A place for tests of opencode: a real database of the agent, a real archive, and the real store behind it. No queue. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Exchange } from '../../../../../shared/exchange.ts';
import type { Segment } from '../../../../../shared/segment.ts';
import { ArchiveReader } from '../../../archive/archive-reader.ts';
import { Archive } from '../../../archive/archive.ts';
import { archivePathOf, parseArchivePath } from '../../../archive/archive-path.ts';
import { systemClock, type Clock } from '../../../core/clock.ts';
import { ForeignDatabase } from '../../../core/foreign-database.ts';
import { silentLogger } from '../../../core/logger.ts';
import { adapterOf } from '../../../parse/adapters.ts';
import { ExchangeAssembler } from '../../../parse/exchange-assembler.ts';
import { preferredOwner } from '../../../parse/exchange-owner.ts';
import { ConversationReader } from '../../../store/conversation-reader.ts';
import { openDatabase, type Database } from '../../../store/database.ts';
import { SegmentSaver } from '../../../store/segment-saver.ts';
import { StoreAudit } from '../../../store/store-audit.ts';
import { StoreFigures } from '../../../store/store-figures.ts';
import { Capturer } from '../../capturer.ts';
import type { SourceRoot } from '../../source-layout.ts';
import { TranscriptRegistry } from '../../transcript-registry.ts';
import { TranscriptTailer, type FollowOutcome } from '../../transcript-tailer.ts';
import { OpencodeSources } from '../opencode-sources.ts';
import { OpencodeDatabase } from './opencode-database.ts';

export class OpencodeBed implements AsyncDisposable {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-opencode-test-'));
  readonly root: SourceRoot = {
    agent: 'opencode',
    directory: path.join(this.directory, 'share', 'opencode'),
    rootKey: 'opencode-1',
    isOptional: true,
  };
  readonly file = path.join(this.root.directory, 'opencode.db');
  readonly archiveDirectory = path.join(this.directory, 'archive');
  readonly archive = new Archive(this.archiveDirectory);
  readonly store: Database = openDatabase(path.join(this.directory, 'holdfast.db'), { nativeBinding: null });
  /** Databases that were opened for reading, in order; closed ones too. */
  readonly opened: ForeignDatabase[] = [];
  registry: TranscriptRegistry;
  sources: OpencodeSources;
  readonly #clock: Clock;
  #saver: SegmentSaver;
  readonly #agents: OpencodeDatabase[] = [];

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#saver = this.#newSaver();
    this.registry = new TranscriptRegistry({ pathOf: archivePathOf, parse: parseArchivePath }, [this.root]);
    this.sources = this.#newSources();
  }

  /** The agent, with its database open. */
  agent(now?: number): OpencodeDatabase {
    const agent = new OpencodeDatabase(this.file, now);
    this.#agents.push(agent);
    return agent;
  }

  follow(thorough = false): Promise<FollowOutcome> {
    return this.sources.follow(this.file, thorough);
  }

  get audit(): StoreAudit {
    return new StoreAudit(this.store);
  }

  get figures(): StoreFigures {
    return new StoreFigures(this.store);
  }

  exchanges(): readonly Exchange[] {
    const { items } = new ConversationReader(this.store, () => true).page(0, 500);
    return [...items].sort((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0));
  }

  /** A capturer that watches nothing by itself. */
  capturer(): Capturer {
    return new Capturer({
      registry: this.registry,
      tailer: this.#newTailer(),
      rowSources: this.sources,
      clock: this.#clock,
      logger: silentLogger,
      platform: process.platform,
      describeRoot: (root) => this.archive.describeRoot(root.rootKey, { agent: root.agent, root: root.directory }),
      watches: false,
      hotPollMs: 3_600_000,
      reconcileMs: 3_600_000,
      queueMoves: () => true,
      room: () => Promise.resolve(),
      onArchiveError: (error) => {
        throw error;
      },
    });
  }

  /** What a new run knows: the archive's files and the committed positions. */
  async restart(): Promise<void> {
    this.registry = new TranscriptRegistry({ pathOf: archivePathOf, parse: parseArchivePath }, [this.root]);
    const archived: { archivePath: string; sizeBytes: number }[] = [];
    for await (const file of this.archive.list()) archived.push(file);
    this.registry.load(archived, this.figures.positions());
    this.#saver = this.#newSaver();
    this.sources = this.#newSources();
  }

  /** Content of every file of the mirror by its path below the root's folder in the archive. */
  mirror(): Readonly<Record<string, string>> {
    const folder = path.join(this.archiveDirectory, 'opencode', this.root.rootKey);
    return Object.fromEntries(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .map((file) => [path.relative(folder, file).split(path.sep).join('/'), readFileSync(file, 'utf8')]),
    );
  }

  /** Name, size, content and time of every file of the agent: what must not be changed by reading. */
  agentFiles(): readonly string[] {
    return readdirSync(this.root.directory).map((name) => {
      const file = path.join(this.root.directory, name);
      const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
      return `${name} ${statSync(file).mtimeMs} ${hash}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) agent[Symbol.dispose]();
    this.store.close();
    await Promise.resolve(rmSync(this.directory, { recursive: true, force: true }));
  }

  #newSaver(): SegmentSaver {
    return new SegmentSaver({
      database: this.store,
      archive: new ArchiveReader(this.archiveDirectory),
      parserOf: (archivePath) => {
        const name = parseArchivePath(archivePath);
        const parser = name === null ? null : adapterOf(name.agent);
        return name === null || parser === null ? null : { parser, ...name };
      },
      assemblerFor: (_agent, index) => new ExchangeAssembler(index),
      ownerOf: preferredOwner,
      now: () => this.#clock.now(),
      maxLineBytes: 16 * 1024 * 1024,
    });
  }

  #newTailer(): TranscriptTailer {
    return new TranscriptTailer({
      archive: this.archive,
      outlet: { takes: true, append: (segments) => this.#save(segments) },
      clock: this.#clock,
    });
  }

  #newSources(): OpencodeSources {
    return new OpencodeSources({
      registry: this.registry,
      tailer: this.#newTailer(),
      archive: this.archive,
      clock: this.#clock,
      openDatabase: (file) => {
        const database = ForeignDatabase.open(file, { nativeBinding: null });
        this.opened.push(database);
        return database;
      },
    });
  }

  #save(segments: readonly Segment[]): Promise<boolean> {
    const { segments: results } = this.#saver.save(segments.map((segment) => ({ segment, sourcePath: null })));
    results.forEach(({ outcome, committed }, index) => {
      if (outcome !== 'committed' && outcome !== 'already') throw new Error(`not saved: ${outcome}`);
      const file = this.registry.get(segments[index]?.archivePath ?? '');
      if (file !== undefined) file.committed = committed;
    });
    return Promise.resolve(true);
  }
}
