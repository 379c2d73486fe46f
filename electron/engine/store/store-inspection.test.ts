import { closeSync, copyFileSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../bench/transcripts/random.ts';
import { checkSearchIndex, openDatabase, rebuildSearchIndex, toStoreError } from './database.ts';
import { MIGRATIONS } from './migrations/migrations.ts';
import { inspectDatabase } from './store-inspection.ts';
import { SubstringIndex } from './substring-index.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { TRANSCRIPT, answerLine, promptLine } from './test-support/transcript.ts';

const OPTIONS = { nativeBinding: null };
const EXCHANGES = 150;
const SEEDS = 120;
const DAMAGED_BYTES = 200;

/** A database of some hundred pages, closed. */
function filledBed(): StoreBed {
  const bed = new StoreBed();
  const lines = Array.from({ length: EXCHANGES }, (_, index) => [
    promptLine(`p${index}`, `Name river ${index} of the ${'long '.repeat(40)}list.`),
    answerLine(`a${index}`, `p${index}`, `River ${index} is ${'winding and '.repeat(80)}blue.`),
  ]).flat();
  for (let from = 0; from < lines.length; from += 50) bed.saveLines(TRANSCRIPT, lines.slice(from, from + 50));
  bed.database.pragma('wal_checkpoint(TRUNCATE)');
  return bed;
}

/** What people would miss or read wrong. */
function contentOf(file: string): string {
  const database = openDatabase(file, { ...OPTIONS, readonly: true });
  try {
    const all = ['exchange', 'record', 'session', 'exchange_session', 'generation'].map((table) =>
      database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).raw().all(),
    );
    return JSON.stringify(all);
  } finally {
    database.close();
  }
}

function partsFoundIn(file: string): ReadonlySet<string> {
  try {
    const database = openDatabase(file, OPTIONS);
    try {
      return new Set(inspectDatabase(database, null).findings.map((finding) => finding.part));
    } finally {
      database.close();
    }
  } catch (error) {
    expect(toStoreError(error)).toMatchObject({ code: 'STORE_CORRUPT' });
    return new Set(['structure']);
  }
}

/** True for damage after which the content is another one, or cannot be read. */
function isHarmed(file: string, sound: string): boolean {
  try {
    return contentOf(file) !== sound;
  } catch {
    return true;
  }
}

describe('inspectDatabase', () => {
  it('finds nothing in a sound database, and counts what is in it', () => {
    using bed = filledBed();

    const inspection = inspectDatabase(bed.database, null);

    expect(inspection).toEqual({ findings: [], exchanges: EXCHANGES, records: 2 * EXCHANGES, sessions: 1 });
  });

  it(`finds all of ${String(SEEDS)} damages that change what is saved`, () => {
    using bed = filledBed();
    const sound = contentOf(bed.databaseFile);
    const damaged = `${bed.databaseFile}.damaged`;
    const tally = { harmed: 0, found: 0, unseen: [] as number[] };

    for (let seed = 1; seed <= SEEDS; seed += 1) {
      for (const suffix of ['-wal', '-shm']) rmSync(damaged + suffix, { force: true });
      copyFileSync(bed.databaseFile, damaged);
      damageSomewhere(damaged, seed);
      const parts = partsFoundIn(damaged);
      if (parts.size > 0) tally.found += 1;
      if (!isHarmed(damaged, sound)) continue;
      tally.harmed += 1;
      if (!parts.has('structure') && !parts.has('content')) tally.unseen.push(seed);
    }

    console.log(`${tally.harmed} of ${SEEDS} changed something, ${tally.found} were found`);
    expect(tally.unseen).toEqual([]);
    expect(tally.harmed).toBeGreaterThan(SEEDS / 4);
  });

  it.each<[part: string, sql: string]>([
    ['content', "UPDATE exchange SET answer = replace(answer, 'winding', 'winking') WHERE key = 'p7'"],
    ['content', 'UPDATE generation SET committed = committed + 1'],
    ['content', "UPDATE generation SET lanes = '{'"],
    ['content', "PRAGMA foreign_keys = OFF; UPDATE exchange SET session = 99 WHERE key = 'p3'"],
    ['structure', 'ALTER TABLE minute RENAME TO mimute'],
    ['structure', 'DROP INDEX exchange_change'],
  ])('calls it %s: %s', (part, sql) => {
    using bed = filledBed();

    bed.database.exec(sql);

    expect(inspectDatabase(bed.database, null).findings.map((finding) => finding.part)).toContain(part);
  });

  it('calls a database of an earlier version sound, and one without anything in it damaged', () => {
    using bed = new StoreBed();
    const earlier = new Sqlite(`${bed.databaseFile}.earlier`);
    expect(inspectDatabase(earlier, null).findings).toMatchObject([{ part: 'structure' }]);
    earlier.exec(MIGRATIONS[0] ?? '');
    earlier.pragma('user_version = 1');

    expect(inspectDatabase(earlier, null).findings).toEqual([]);
    earlier.close();
  });

  it.each(['exchange_fts', 'exchange_substring'])(
    'tells a damaged %s from the rest, and it can be made again',
    (index) => {
      using bed = filledBed();
      const parts = new SubstringIndex(bed.database);
      expect(parts.follow(1000)).toBe(EXCHANGES);
      // SQLite refuses this to everybody who does not insist.
      bed.database.unsafeMode(true);
      bed.database.exec(`UPDATE ${index}_data SET block = zeroblob(length(block)) WHERE id > 10`);
      bed.database.unsafeMode(false);

      const found = new Set(inspectDatabase(bed.database, null).findings.map((finding) => finding.part));
      rebuildSearchIndex(bed.database);

      expect([...found]).toEqual(['search-index']);
      expect(inspectDatabase(bed.database, null).findings).toEqual([]);
      expect(() => {
        checkSearchIndex(bed.database);
      }).not.toThrow();
      expect([parts.behind, parts.follow(1000), parts.behind]).toEqual([EXCHANGES, EXCHANGES, 0]);
    },
  );
});

function damageSomewhere(file: string, seed: number): void {
  const random = new SeededRandom(seed);
  const at = Math.floor(random.next() * (statSync(file).size - DAMAGED_BYTES));
  const fd = openSync(file, 'r+');
  const bytes = Buffer.from(Array.from({ length: DAMAGED_BYTES }, () => Math.floor(random.next() * 256)));
  writeSync(fd, bytes, 0, DAMAGED_BYTES, at);
  closeSync(fd);
}
