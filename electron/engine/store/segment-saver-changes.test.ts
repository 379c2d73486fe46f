import { describe, expect, it } from 'vitest';
import { changingParser, type Message } from './test-support/changing-parser.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { meaningOf, rowsOf } from './test-support/store-state.ts';

const LINES = 'projects/x/changing.jsonl';
const DOCUMENT = 'projects/x/changing.json';

const prompt = (id: string, text: string, version?: number): Message => message('prompt', id, text, version);
const answer = (id: string, text: string, version?: number): Message => message('member', id, text, version);

function message(role: Message['role'], id: string, text: string, version?: number): Message {
  return { id, role, text, ...(version === undefined ? {} : { version }) };
}

function bedOf(maxLineBytes = 100_000): StoreBed {
  return new StoreBed({ wrapParser: changingParser, maxLineBytes });
}

function documentOf(...messages: readonly unknown[]): string {
  return JSON.stringify({ messages });
}

/** Path of the n-th generation of the document. */
function generation(number: number): string {
  return number === 1 ? DOCUMENT : `~${number}/${DOCUMENT}`;
}

/** Each content as a generation of its own. */
function archiveDocuments(bed: StoreBed, contents: readonly string[]): void {
  contents.forEach((content, index) => {
    bed.append(generation(index + 1), content);
  });
}

function saveDocument(bed: StoreBed, number: number) {
  return bed.saveRange(generation(number), 0, bed.bytesOf(generation(number)).length, 'blob');
}

function exchangesOf(bed: StoreBed): readonly (readonly [string, ...string[]])[] {
  return bed.reader
    .page(0, 100)
    .items.map(
      (exchange) =>
        [exchange.prompt, ...exchange.parts.map((part) => ('text' in part ? part.text : part.kind))] as const,
    );
}

function revisionsOf(bed: StoreBed): readonly number[] {
  return bed.reader.page(0, 100).items.map((exchange) => exchange.revision);
}

function lettersOf(bed: StoreBed): readonly (readonly [number, number, string])[] {
  return bed.figures.deadLetters(100).map((letter) => [letter.start, letter.end, letter.reason] as const);
}

function saveMessages(bed: StoreBed, ...lines: readonly (Message | readonly Message[])[]): void {
  bed.saveLines(
    LINES,
    lines.map((line) => JSON.stringify(line)),
  );
}

describe('a record that is written again', () => {
  it('replaces what it said before, in the place where that stood', () => {
    using bed = bedOf();
    saveMessages(bed, prompt('p', 'Name a river.'), answer('a', 'The Dan'), answer('b', 'It is long.'));
    const [before = 0] = revisionsOf(bed);

    saveMessages(bed, answer('a', 'The Danube.'), prompt('p', 'Name a river, please.'));

    expect(exchangesOf(bed)).toEqual([['Name a river, please.', 'The Danube.', 'It is long.']]);
    expect(revisionsOf(bed)[0]).toBeGreaterThan(before);
    expect(bed.figures.counts(bed.now).records).toBe(3);
    bed.checkFullText();
  });

  it('takes the place of its first state, if that said nothing, even after a restart', () => {
    using bed = bedOf();
    saveMessages(bed, prompt('p', 'Name a river.'), answer('a', ''), answer('b', 'It is long.'));

    bed.reopen();
    saveMessages(bed, answer('a', 'The Danube.'));

    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Danube.', 'It is long.']]);
  });

  it('changes nothing when it says the same again', () => {
    using bed = bedOf();
    saveMessages(bed, prompt('p', 'Name a river.'), answer('a', 'The Danube.'));
    const before = bed.reader.page(0, 10);

    saveMessages(bed, [prompt('p', 'Name a river.'), answer('a', 'The Danube.')]);

    expect(bed.reader.page(0, 10)).toEqual(before);
  });

  it('stands by its version, whatever comes later', () => {
    using bed = bedOf();
    saveMessages(bed, prompt('p', 'Name a river.'), answer('a', 'The Danube.', 7));

    saveMessages(bed, answer('a', 'The Dan', 6));
    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Danube.']]);
    saveMessages(bed, answer('a', 'The Rhine.', 8));
    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Rhine.']]);
  });

  it('lets only the last record say how the exchange stands', () => {
    using bed = bedOf();
    saveMessages(bed, prompt('p', 'Name a river.'), answer('a', 'Wait.'), answer('b', 'The Danube.'));

    saveMessages(bed, { id: 'a', role: 'member', text: 'Wait!', signal: 'working' });
    expect(bed.reader.page(0, 1).items[0]?.state).toBe('complete');
    saveMessages(bed, { id: 'b', role: 'member', text: 'The …', signal: 'working' });
    expect(bed.reader.page(0, 1).items[0]?.state).toBe('open');
  });

  it('joins an exchange when it comes to say something', () => {
    using bed = bedOf();
    saveMessages(bed, message('session', 'p', ''), message('session', 'a', ''));

    saveMessages(bed, prompt('p', 'Name a river.'), answer('a', 'The Danube.'));

    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Danube.']]);
  });

  it('is not changed by a replay, nor by being read again from the start', () => {
    using bed = bedOf();
    saveMessages(bed, prompt('p', 'Name a river.'), answer('a', 'The Dan'), answer('a', 'The Danube.'));
    saveMessages(bed, [prompt('p', 'Name a river.'), answer('a', 'The Danube!')], prompt('q', 'And a hill.'));
    const before = rowsOf(bed.database);
    const meaning = meaningOf(bed.database);

    bed.save(...bed.segmentsOf(LINES));
    expect(rowsOf(bed.database)).toEqual(before);
    bed.reopen();
    bed.saver.forgetPositions([bed.archivePathOf(LINES)]);
    bed.save(...bed.segmentsOf(LINES, () => 1));

    expect(meaningOf(bed.database)).toEqual(meaning);
    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Danube!'], ['And a hill.']]);
  });
});

describe('a document', () => {
  const REWRITTEN = [
    documentOf(prompt('p', 'Name a river.')),
    documentOf(prompt('p', 'Name a river.'), answer('a', 'The Dan')),
    documentOf(prompt('p', 'Name a river.'), answer('a', 'The Danube.'), prompt('q', 'And a hill.')),
    documentOf(
      prompt('p', 'Name a river.'),
      answer('a', 'The Danube.'),
      prompt('q', 'And a hill.'),
      answer('b', 'Ok.'),
    ),
  ];

  it('that is written anew adds what is new and changes what is different', () => {
    using bed = bedOf();
    archiveDocuments(bed, REWRITTEN);

    for (const number of [1, 2, 3, 4]) expect(saveDocument(bed, number)).toBe('committed');

    expect(exchangesOf(bed)).toEqual([
      ['Name a river.', 'The Danube.'],
      ['And a hill.', 'Ok.'],
    ]);
    expect(bed.figures.counts(bed.now)).toMatchObject({ records: 4, exchanges: 2, sessions: 1, deadLetters: 0 });
    expect(bed.audit.duplicates()).toBe(0);
  });

  it.each([[[4, 3, 2, 1]], [[3, 1, 4, 2]], [[2, 4, 1, 3]]])(
    'ends in the same exchanges when its generations are read in the order %j',
    (order) => {
      using bed = bedOf();
      archiveDocuments(bed, REWRITTEN);

      for (const number of order) saveDocument(bed, number);

      expect(exchangesOf(bed)).toEqual([
        ['Name a river.', 'The Danube.'],
        ['And a hill.', 'Ok.'],
      ]);
      expect(bed.reader.page(0, 10).items.map((exchange) => exchange.state)).toEqual(['complete', 'complete']);
    },
  );

  it('is not changed by a replay, nor by being read again', () => {
    using bed = bedOf();
    archiveDocuments(bed, REWRITTEN);
    for (const number of [1, 2, 3, 4]) saveDocument(bed, number);
    const before = rowsOf(bed.database);

    expect(saveDocument(bed, 2)).toBe('already');
    expect(rowsOf(bed.database)).toEqual(before);
    const meaning = meaningOf(bed.database);
    bed.saver.forgetPositions([1, 2, 3, 4].map((number) => bed.archivePathOf(generation(number))));
    for (const number of [4, 2, 1, 3]) saveDocument(bed, number);
    expect(meaningOf(bed.database)).toEqual(meaning);
  });

  it('that is half written is set aside, and taken back when it is whole', () => {
    using bed = bedOf();
    const whole = documentOf(prompt('p', 'Name a river.'), answer('a', 'The Danube.'));
    bed.append(DOCUMENT, whole.slice(0, 40));
    saveDocument(bed, 1);
    expect(lettersOf(bed)).toEqual([[0, 40, 'not-json']]);

    bed.append(DOCUMENT, whole.slice(40));
    saveDocument(bed, 1);

    expect(lettersOf(bed)).toEqual([]);
    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Danube.']]);
  });

  it('that stays malformed is one dead letter, however often it is read', () => {
    using bed = bedOf();
    bed.append(DOCUMENT, '{"messages": [');
    saveDocument(bed, 1);
    bed.append(DOCUMENT, '{');
    saveDocument(bed, 1);
    bed.saver.forgetPositions([bed.archivePathOf(DOCUMENT)]);

    saveDocument(bed, 1);

    expect(lettersOf(bed)).toEqual([[0, 15, 'not-json']]);
  });

  it('that is too long is set aside by its range, without being read', () => {
    using bed = bedOf(50);
    bed.append(DOCUMENT, documentOf(prompt('p', 'x'.repeat(100))));

    expect(saveDocument(bed, 1)).toBe('committed');

    expect(lettersOf(bed)).toEqual([[0, bed.bytesOf(DOCUMENT).length, 'too-long']]);
    expect(exchangesOf(bed)).toEqual([]);
  });

  it('gives what is whole in it beside what is not', () => {
    using bed = bedOf();
    bed.append(DOCUMENT, documentOf(prompt('p', 'Name a river.'), { broken: true }, answer('a', 'The Danube.')));

    saveDocument(bed, 1);

    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Danube.']]);
    expect(lettersOf(bed)).toEqual([[1, 2, 'not-an-object']]);
  });

  it('and a transcript of lines with the same records are one conversation', () => {
    using bed = bedOf();
    archiveDocuments(bed, [documentOf(prompt('p', 'Name a river.'), answer('a', 'The Danube.'))]);
    const lines = [prompt('p', 'Name a river.', 1), answer('a', 'The Danube.', 1), answer('b', 'Indeed.', 1)];

    saveMessages(bed, ...lines);
    saveDocument(bed, 1);

    expect(exchangesOf(bed)).toEqual([['Name a river.', 'The Danube.', 'Indeed.']]);
  });
});
