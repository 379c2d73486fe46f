import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { HIT_END, HIT_START } from '../../../shared/exchange.ts';
import { ConversationReader } from './conversation-reader.ts';
import { DeadLetterDesk } from './dead-letter-desk.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { SESSION, TRANSCRIPT, answerLine, promptLine, toolLine } from './test-support/transcript.ts';

function idOf(number: number): string {
  return `${String(number).padStart(8, '0')}-6126-490e-ab5f-43d163015768`;
}

/** Sessions 1 … count, each a minute later than the one before. */
function saveSessions(bed: StoreBed, count: number): void {
  for (let number = 1; number <= count; number += 1) {
    const options = { sessionId: idOf(number), second: number * 60, cwd: `/home/ana/project-${number % 2}` };
    bed.saveLines(`projects/-home-ana/${idOf(number)}.jsonl`, [
      promptLine(`p${number}`, `Question ${number} about otters`, options),
      answerLine(`a${number}`, `p${number}`, `Answer ${number}`, options),
    ]);
  }
}

describe('ConversationReader', () => {
  it('lists sessions, newest first, by pages and by project', () => {
    using bed = new StoreBed();
    saveSessions(bed, 5);

    expect(bed.reader.sessions(2, 0, null).map((session) => session.id)).toEqual([idOf(5), idOf(4)]);
    expect(bed.reader.sessions(2, 4, null).map((session) => session.id)).toEqual([idOf(1)]);
    expect(bed.reader.sessions(10, 0, '/home/ana/project-0').map((session) => session.id)).toEqual([idOf(4), idOf(2)]);
    expect(bed.reader.sessions(1, 0, null)[0]).toMatchObject({
      agent: 'claude-code',
      title: 'Question 5 about otters',
      project: '/home/ana/project-1',
      exchanges: 1,
      subagentExchanges: 0,
      sourcePresent: false,
    });
  });

  it('takes the title that a person gave before any other', () => {
    using bed = new StoreBed();
    const custom = JSON.stringify({ type: 'custom-title', customTitle: 'By hand', sessionId: SESSION });
    const generated = JSON.stringify({ type: 'ai-title', aiTitle: 'By the machine', sessionId: SESSION });

    bed.saveLines(TRANSCRIPT, [promptLine('p1', 'Hello'), custom, generated]);

    expect(bed.reader.sessions(1, 0, null)[0]?.title).toBe('By hand');
  });

  it('says whether the transcript is still on disk', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, [promptLine('p1', 'Hello')]);
    const source = path.join(bed.directory, 'transcript.jsonl');
    bed.database.prepare('UPDATE generation SET source_path = ?').run(source);

    expect(bed.reader.sessions(1, 0, null)[0]?.sourcePresent).toBe(false);
    writeFileSync(source, '');
    expect(bed.reader.sessions(1, 0, null)[0]?.sourcePresent).toBe(true);
  });

  it('gives a session by the beginning of its id, with its exchanges in order', () => {
    using bed = new StoreBed();
    saveSessions(bed, 3);
    bed.saveLines(`projects/-home-ana/${idOf(2)}.jsonl`, [
      promptLine('p2b', 'And then?', { sessionId: idOf(2), parent: 'a2', second: 900 }),
    ]);

    const { session, exchanges } = bed.reader.session('00000002');

    expect(session.id).toBe(idOf(2));
    expect(exchanges.map((exchange) => exchange.prompt)).toEqual(['Question 2 about otters', 'And then?']);
    expect(exchanges[0]?.sessionIds).toEqual([idOf(2)]);
  });

  it('refuses what begins several ids, and what begins none', () => {
    using bed = new StoreBed();
    saveSessions(bed, 2);

    expect(() => bed.reader.session('0000')).toThrow(expect.objectContaining({ code: 'AMBIGUOUS' }));
    expect(() => bed.reader.session('ffff')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it.each(['%', '_', '\\', '%0', '0000000_'])('takes %s in an id as it stands', (id) => {
    using bed = new StoreBed();
    saveSessions(bed, 1);

    expect(() => bed.reader.session(id)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('finds the session whose id begins the ids of many others', () => {
    using bed = new StoreBed();
    const name = (number: number): string => `run${number === 0 ? '' : `-${number}`}`;
    for (let number = 0; number < 30; number += 1) {
      bed.saveLines(`projects/x/${name(number)}.jsonl`, [
        promptLine(`q${number}`, 'Hi', { sessionId: name(number), second: number * 60 }),
      ]);
    }

    expect(bed.reader.session('run').session.id).toBe('run');
  });

  it('does not call an id ambiguous because of a session that nothing is saved of', () => {
    using bed = new StoreBed();
    saveSessions(bed, 1);
    const empty = `${idOf(1).slice(0, -1)}0`;
    bed.saveLines('history.jsonl', [
      JSON.stringify({ display: 'typed', timestamp: 5, project: '/x', sessionId: empty }),
    ]);

    expect(bed.reader.session('00000001').session.id).toBe(idOf(1));
    expect(bed.reader.session(empty).exchanges).toEqual([]);
  });

  it('gives all exchanges by pages, each once', () => {
    using bed = new StoreBed();
    saveSessions(bed, 5);
    const keys: string[] = [];

    for (let after: number | null = 0; after !== null;) {
      const page = bed.reader.page(after, 2);
      keys.push(...page.items.map((exchange) => exchange.key));
      after = page.next;
    }

    expect(keys).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
  });

  it('lists what was saved last first', () => {
    using bed = new StoreBed();
    saveSessions(bed, 3);
    bed.now += 1000;
    bed.saveLines(`projects/-home-ana/${idOf(1)}.jsonl`, [answerLine('a1b', 'a1', 'More', { sessionId: idOf(1) })]);

    expect(bed.reader.recent(2).map((exchange) => exchange.key)).toEqual(['p1', 'p3']);
  });

  it('finds words, newest first, and marks them in the text around', () => {
    using bed = new StoreBed();
    saveSessions(bed, 4);

    const hits = bed.search('otters', 3);

    expect(hits.map((hit) => hit.exchange.key)).toEqual(['p4', 'p3', 'p2']);
    expect(hits[0]?.snippet).toBe(`Question 4 about ${HIT_START}otters${HIT_END}`);
    expect(bed.search('"answer 2"', 5).map((hit) => hit.exchange.key)).toEqual(['p2']);
    expect(bed.search('ott* -4', 5).map((hit) => hit.exchange.key)).toEqual(['p3', 'p2', 'p1']);
    expect(bed.search('!!!', 5)).toEqual([]);
  });

  it('reads what another connection has just committed', () => {
    using bed = new StoreBed();
    const reader = new ConversationReader(bed.database, () => true);

    saveSessions(bed, 1);

    expect(reader.recent(5)).toHaveLength(1);
    expect(reader.sessions(1, 0, null)[0]?.sourcePresent).toBe(true);
  });
});

describe('DeadLetterDesk', () => {
  it('has the files of letters read again, and keeps the letters that are still none', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, [promptLine('p1', 'Hello'), 'bad', 'worse']);
    const desk = new DeadLetterDesk(bed.database);

    const retried = desk.retry(null, (archivePaths) => bed.saver.forgetPositions(archivePaths));

    expect(retried).toEqual({ count: 2, archivePaths: [bed.archivePathOf(TRANSCRIPT)] });
    expect(bed.figures.positions()[0]?.committed).toBe(0);
    expect(bed.figures.deadLetters(10)).toHaveLength(2);
    bed.save(...bed.segmentsOf(TRANSCRIPT));
    expect(bed.figures.deadLetters(10)).toHaveLength(2);
  });

  it('takes away the letters of what can be read by now', () => {
    using bed = new StoreBed();
    bed.append(TRANSCRIPT, `${promptLine('p1', 'Hello')}\n`);
    const [segment] = bed.segmentsOf(TRANSCRIPT);
    if (segment === undefined) throw new Error('no segment');
    bed.saver.setAside(segment, 'INTERNAL');
    const desk = new DeadLetterDesk(bed.database);

    desk.retry(bed.figures.deadLetters(1)[0]?.id ?? 0, (archivePaths) => bed.saver.forgetPositions(archivePaths));
    bed.save(segment);

    expect(bed.figures.deadLetters(10)).toEqual([]);
    expect(bed.reader.recent(1)[0]?.title).toBe('Hello');
  });

  it('changes nothing when reading again cannot be arranged', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, ['bad']);
    const desk = new DeadLetterDesk(bed.database);

    expect(() =>
      desk.retry(null, (archivePaths) => {
        bed.saver.forgetPositions(archivePaths);
        throw new Error('no');
      }),
    ).toThrow('no');

    expect(bed.figures.positions()[0]?.committed).toBe(4);
    expect(bed.saveLines(TRANSCRIPT, [promptLine('p1', 'Hello')]).segments[0]?.outcome).toBe('committed');
  });

  it('discards letters for good, also when the file is read again', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, ['bad', 'worse']);
    const desk = new DeadLetterDesk(bed.database);
    const [letter] = bed.figures.deadLetters(1);

    expect(desk.discard(letter?.id ?? 0)).toBe(1);
    expect(desk.discard(null)).toBe(1);
    bed.saver.forgetPositions([bed.archivePathOf(TRANSCRIPT)]);
    bed.save(...bed.segmentsOf(TRANSCRIPT));

    expect(bed.figures.deadLetters(10)).toEqual([]);
    expect(bed.figures.counts(bed.now).deadLetters).toBe(0);
  });
});

describe('StoreAudit', () => {
  it('knows records, and every byte of what was set aside', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, ['bad line', promptLine('p1', 'Hello')]);
    const archivePath = bed.archivePathOf(TRANSCRIPT);

    expect([bed.audit.hasRecord('claude-code', 'p1'), bed.audit.hasRecord('claude-code', 'p2')]).toEqual([true, false]);
    expect([0, 8, 9].map((at) => bed.audit.isSetAside(archivePath, at))).toEqual([true, true, false]);
    expect(bed.audit.isSetAside('another/file', 0)).toBe(false);
  });

  it('finds an exchange that stands twice, although a unique key should have prevented it', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, [promptLine('p1', 'Hello')]);
    expect(bed.audit.duplicates()).toBe(0);
    bed.database.pragma('foreign_keys = OFF');
    bed.database.exec(
      'CREATE TABLE copy AS SELECT * FROM exchange; DROP TABLE exchange; ALTER TABLE copy RENAME TO exchange',
    );

    bed.database.exec('INSERT INTO exchange SELECT * FROM exchange');

    // Twice in the table, and one more in the table than in the full text.
    expect(bed.audit.duplicates()).toBe(2);
  });

  it('finds a record that stands twice', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, [promptLine('p1', 'Hello')]);
    bed.database.exec(
      'CREATE TABLE copy AS SELECT * FROM record; DROP TABLE record; ALTER TABLE copy RENAME TO record',
    );

    bed.database.exec('INSERT INTO record SELECT * FROM record');

    expect(bed.audit.duplicates()).toBe(1);
  });

  it('finds a use of a tool that stands in two exchanges', () => {
    using bed = new StoreBed();

    bed.saveLines(TRANSCRIPT, [
      promptLine('p1', 'One'),
      toolLine('t1', 'p1', 'toolu_1'),
      promptLine('p2', 'Two', { parent: 't1' }),
      toolLine('t2', 'p2', 'toolu_1'),
    ]);

    expect(bed.audit.duplicates()).toBe(1);
  });

  it('counts records of types that it does not know', () => {
    using bed = new StoreBed();

    bed.saveLines(TRANSCRIPT, [promptLine('p1', 'One'), JSON.stringify({ type: 'hologram', uuid: 'h1' })]);

    expect(bed.audit.drift()).toBe(1);
  });
});
