/**
 * The mistakes that the tests have to notice, one edit or two of the product's source each.
 *
 * Numbers 1 to 16 are the list of the reliability reference, for a recorder that archives raw bytes before it queues them.
 * Where the listed mistake concerns what this version does not have, a mistake of the same class takes its place:
 *
 *  1  the position that moves with XADD is the producer's own; the durable one is moved by the store alone
 *  2  the unit finer than what was saved is the unfinished last line
 *  4  the key goes together with the memory of the newest records, which would hide most of what it prevents
 * 12  revisions are counted, not compared, so what makes one fall is memory that outlives a rollback
 * 13  there is no outbox: the records' exchanges are written outside the transaction that moves the position
 * 14  there is no remote: the entry is appended before the archived bytes are durable
 * 15  there is no breaker: a store that fails for a while is taken for one that has saved
 * 16  the wait that a set clock must not stop is the one for segments that were lost without a word
 *
 * Letters are mistakes that belong to this design, some of them found in it by the model.
 */
export interface Edit {
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly search: string;
  readonly replacement: string;
}

/** `model`: any order of events and crashes, per seed. The others are files of vitest projects. */
export type Suite = 'model' | { readonly project: 'unit' | 'conformance'; readonly file: string };

export interface Mutant {
  readonly id: string;
  readonly title: string;
  readonly edits: readonly Edit[];
  readonly killedBy: Suite;
}

const TAILER = 'electron/engine/capture/transcript-tailer.ts';
const CONSUMER = 'electron/engine/stream/segment-consumer.ts';
const REDIS_QUEUE = 'electron/engine/stream/redis-segment-queue.ts';
const SAVER = 'electron/engine/store/segment-saver.ts';
const ARCHIVE = 'electron/engine/archive/archive.ts';
const DATABASE = 'electron/engine/store/database.ts';
const QUEUE_SUITE: Suite = { project: 'conformance', file: 'tests/conformance/segment-queue.test.ts' };

export const MUTANTS: readonly Mutant[] = [
  {
    id: '1',
    title: 'position moves after XADD',
    killedBy: 'model',
    edits: [
      {
        file: TAILER,
        search: '    if (file.segmenter !== null) await this.#feed.append(file, made);',
        replacement: `    if (file.segmenter !== null) await this.#feed.append(file, made);
    file.committed = Math.max(file.committed, made.at(-1)?.end ?? 0);`,
      },
    ],
  },
  {
    id: '2',
    title: 'position moves past an unfinished line',
    killedBy: 'model',
    edits: [
      {
        file: SAVER,
        search: `    if (segment.kind === 'tail') {
      this.#generations.rememberLanes(generation, lines.lanes);
      return { outcome: 'committed', committed: generation.committed, newRecords };
    }
`,
        replacement: '',
      },
    ],
  },
  {
    id: '3',
    title: 'acknowledged before the commit',
    killedBy: 'model',
    edits: [
      {
        file: CONSUMER,
        search: '      const whole = batch.filter(hasSegment);',
        replacement: `      await queue.ack(batch.map((entry) => entry.id));
      const whole = batch.filter(hasSegment);`,
      },
    ],
  },
  {
    id: '4',
    title: 'no unique key of records',
    killedBy: 'model',
    edits: [
      {
        file: 'electron/engine/store/migrations/0001-first.ts',
        search: `  at INTEGER,
  PRIMARY KEY (key, agent)
) STRICT, WITHOUT ROWID;`,
        replacement: `  at INTEGER
) STRICT;`,
      },
      {
        file: 'electron/engine/store/record-table.ts',
        search: '    if (this.#recent.get(agent)?.get(record.key) !== undefined) return false;\n',
        replacement: '',
      },
    ],
  },
  {
    id: '5',
    title: 'the stream is trimmed by its length',
    killedBy: QUEUE_SUITE,
    edits: [
      {
        file: REDIS_QUEUE,
        search: `'MINID', idAfter(newestDropped)`,
        replacement: `'MAXLEN', keep + idAfter(newestDropped).length * 0`,
      },
    ],
  },
  {
    id: '6',
    title: 'nothing is queued again after a reconnect',
    killedBy: 'model',
    edits: [
      {
        file: 'electron/engine/recorder.ts',
        search: '      if (queue !== null) this.capturer.requeue(null);\n',
        replacement: '',
      },
    ],
  },
  {
    id: '7',
    title: 'bytes go through text',
    killedBy: 'model',
    edits: [
      {
        file: TAILER,
        search: '      await writer.append(chunk);',
        replacement: '      await writer.append(Buffer.from(chunk.toString()));',
      },
    ],
  },
  {
    id: '8',
    title: 'a file is known by its inode',
    killedBy: 'model',
    edits: [
      {
        file: TAILER,
        search: '      if (await continues(this.#options.archive, file, source, { sizeBytes, thorough })) return true;',
        replacement: `      if (file.inode !== null) return file.inode === (await source.stat({ bigint: true })).ino;
      if (await continues(this.#options.archive, file, source, { sizeBytes, thorough })) return true;`,
      },
    ],
  },
  {
    id: '9',
    title: 'a file is known by its head',
    killedBy: 'model',
    edits: [
      {
        file: 'electron/engine/capture/source-comparison.ts',
        search: '    (await isSame(archive, archivePath, source, [anchor, archived])) &&\n',
        replacement: '',
      },
    ],
  },
  {
    id: '10',
    title: 'synchronous = NORMAL',
    killedBy: { project: 'unit', file: 'electron/engine/store/database.test.ts' },
    edits: [
      { file: DATABASE, search: `'synchronous = FULL'`, replacement: `'synchronous = NORMAL'` },
      {
        file: DATABASE,
        search: `database.pragma('synchronous', { simple: true }) !== 2`,
        replacement: `database.pragma('synchronous', { simple: true }) !== 1`,
      },
    ],
  },
  {
    id: '11',
    title: 'poison is passed over without a row',
    killedBy: 'model',
    edits: [
      {
        file: SAVER,
        search: '      this.#setAside(generation, segment, reason);\n',
        replacement: '      void reason;\n',
      },
    ],
  },
  {
    id: '12',
    title: 'what was rolled back is remembered',
    killedBy: 'model',
    edits: [{ file: SAVER, search: '      this.#records.forget();\n', replacement: '' }],
  },
  {
    id: '13',
    title: 'exchanges are written outside the transaction',
    killedBy: 'model',
    edits: [
      {
        file: SAVER,
        search: `    const result = this.#transaction(() => {
      const finished = this.#finish(batch.map((item) => this.#saveSegment(item)));`,
        replacement: `    const saved = batch.map((item) => this.#transaction(() => this.#saveSegment(item)));
    const result = this.#transaction(() => {
      const finished = this.#finish(saved);`,
      },
    ],
  },
  {
    id: '14',
    title: 'queued before the archive is durable',
    killedBy: 'model',
    edits: [
      {
        file: TAILER,
        search: `    await writer.sync();
    file.archived = writer.position;
    file.lastChangeAt`,
        replacement: `    if (file.segmenter !== null) await this.#feed.append(file, segments.splice(0));
    await writer.sync();
    file.archived = writer.position;
    file.lastChangeAt`,
      },
    ],
  },
  {
    id: '15',
    title: 'a failing store is taken for one that saved',
    killedBy: 'model',
    edits: [
      {
        file: CONSUMER,
        search: '        if (!isEnvironment) ownFailures += 1;',
        replacement: `        if (isEnvironment) return segments.map(() => 'committed');
        ownFailures += 1;`,
      },
    ],
  },
  {
    id: '16',
    title: 'waits by the wall clock',
    killedBy: 'model',
    edits: [
      {
        file: 'electron/engine/capture/hand-over-backlog.ts',
        search: 'new LostSegments(() => options.clock.monotonic())',
        replacement: 'new LostSegments(() => options.clock.now())',
      },
    ],
  },
  {
    id: 'a',
    title: 'the stream is trimmed above the oldest pending entry',
    killedBy: QUEUE_SUITE,
    edits: [
      {
        file: REDIS_QUEUE,
        search: '    return isBefore(delivered, oldestPending) ? delivered : `(${oldestPending}`;',
        replacement: '    return isBefore(delivered, oldestPending) ? oldestPending : delivered;',
      },
    ],
  },
  {
    id: 'b',
    title: 'the archive is emptied when it is opened',
    killedBy: 'model',
    edits: [{ file: ARCHIVE, search: `await open(file, 'r+')`, replacement: `await open(file, 'w')` }],
  },
  {
    id: 'c',
    title: 'names of archived files are not made durable',
    killedBy: 'model',
    edits: [
      { file: ARCHIVE, search: '      if (!this.#areNamesSettled) await this.#settleNames();\n', replacement: '' },
    ],
  },
  {
    id: 'd',
    title: 'the name of a file that an attempt left is not made durable',
    killedBy: 'model',
    edits: [
      {
        file: 'electron/engine/archive/durable-folders.ts',
        search: 'if (isFirst || this.#unsettled.has(file)) await',
        replacement: 'if (isFirst) await',
      },
    ],
  },
  {
    id: 'e',
    title: 'what an earlier run left unsynced is queued as it is',
    killedBy: 'model',
    edits: [
      {
        file: 'electron/engine/capture/segment-feed.ts',
        search: '    if (!file.isDurable) await this.#makeDurable(file);\n',
        replacement: '',
      },
    ],
  },
  {
    id: 'f',
    title: 'bytes are copied although the file was overwritten',
    killedBy: 'model',
    edits: [{ file: TAILER, search: '      if (isReplaced) break;\n', replacement: '      isReplaced = false;\n' }],
  },
  {
    id: 'h',
    title: 'only the ends of what an earlier run archived are compared',
    killedBy: 'model',
    edits: [
      {
        file: 'electron/engine/capture/source-comparison.ts',
        search: 'file.mark === null ? Math.min(file.committed, archived) : archived',
        replacement: 'archived',
      },
    ],
  },
  {
    id: 'g',
    title: 'a gap is acknowledged and forgotten',
    killedBy: 'model',
    edits: [
      {
        file: CONSUMER,
        search: `        if (outcome === 'gap' || outcome === 'mismatch') this`,
        replacement: `        if (outcome === 'mismatch') this`,
      },
    ],
  },
];
