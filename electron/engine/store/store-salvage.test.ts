import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase, type Database } from './database.ts';
import { DeadLetterDesk } from './dead-letter-desk.ts';
import { salvage } from './store-salvage.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { TRANSCRIPT, promptLine } from './test-support/transcript.ts';
import { UpkeepTable } from './upkeep-table.ts';

const everything = (): boolean => true;

/** A database with one exchange, and a dead letter that somebody has discarded. */
function oldBed(): StoreBed {
  const bed = new StoreBed();
  bed.saveLines(TRANSCRIPT, [promptLine('p1', 'Hello'), 'no record']);
  new DeadLetterDesk(bed.database).discard(null);
  new UpkeepTable(bed.database).noteDamage({ archivePath: 'a/b/c', start: 0, end: 9, foundAt: 5 }, null);
  bed.database.pragma('wal_checkpoint(TRUNCATE)');
  return bed;
}

function newDatabase(bed: StoreBed): Database {
  return openDatabase(path.join(bed.directory, 'new.db'), { nativeBinding: null });
}

describe('salvage', () => {
  it('takes over what stands nowhere else, and lets everything be read again', () => {
    using bed = oldBed();
    using database = disposable(newDatabase(bed));

    const report = salvage(bed.databaseFile, database.it, null, everything);

    expect(report).toEqual({ generations: 1, deadLetters: 1, minutes: 1, unreadable: [] });
    const generation = database.it.prepare('SELECT source_path, committed, records FROM generation').get();
    expect(generation).toEqual({ source_path: `/home/ana/.claude/${TRANSCRIPT}`, committed: 0, records: 0 });
    expect(database.it.prepare('SELECT state FROM dead_letter').pluck().all()).toEqual(['discarded']);
    expect(new UpkeepTable(database.it).state().damaged).toMatchObject([{ archivePath: 'a/b/c', start: 0, end: 9 }]);
    // A second time changes nothing.
    salvage(bed.databaseFile, database.it, null, everything);
    expect(database.it.prepare('SELECT count(*) FROM dead_letter').pluck().get()).toBe(1);
  });

  it('leaves out generations that the archive does not have', () => {
    using bed = oldBed();
    using database = disposable(newDatabase(bed));

    expect(salvage(bed.databaseFile, database.it, null, () => false)).toMatchObject({ generations: 0, deadLetters: 0 });
  });

  it.each(['no database at all', ''])('takes nothing from a file that holds "%s"', (content) => {
    using bed = new StoreBed();
    using database = disposable(newDatabase(bed));
    const file = path.join(bed.directory, 'old.db');
    writeFileSync(file, content.repeat(400));

    const report = salvage(file, database.it, null, everything);

    expect(report).toMatchObject({ generations: 0, deadLetters: 0, minutes: 0 });
    expect(report.unreadable).toHaveLength(4);
  });
});

function disposable(database: Database): Disposable & { readonly it: Database } {
  return {
    it: database,
    [Symbol.dispose]: () => {
      database.close();
    },
  };
}
