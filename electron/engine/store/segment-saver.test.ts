import { describe, expect, it } from 'vitest';
import type { TranscriptParser } from './saver-ports.ts';
import { sha256 } from './test-support/ground-truth.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { meaningOf, rowsOf } from './test-support/store-state.ts';
import { SESSION, TRANSCRIPT, answerLine, promptLine, queueLine, toolLine } from './test-support/transcript.ts';

const TURN = [promptLine('p1', 'Name a river.'), answerLine('a1', 'p1', 'The Danube.', { second: 2 })] as const;
const SECOND_TURN = [
  promptLine('p2', 'Name a mountain.', { parent: 'a1', second: 10 }),
  answerLine('a2', 'p2', 'The Matterhorn.', { second: 12 }),
] as const;

function lettersOf(bed: StoreBed): readonly (readonly [number, number, string])[] {
  return bed.figures
    .deadLetters(100)
    .map((letter) => [letter.start, letter.end, letter.reason] as const)
    .sort(([a], [b]) => a - b);
}

function promptsOf(bed: StoreBed): readonly string[] {
  return bed.reader.page(0, 100).items.map((exchange) => exchange.prompt);
}

/** Throws once for a line that holds the text. */
function failingOnce(text: string): (parser: TranscriptParser) => TranscriptParser {
  let isArmed = true;
  return (parser) => ({
    contextOf: parser.contextOf.bind(parser),
    fileKind: parser.fileKind.bind(parser),
    parseDocument: parser.parseDocument.bind(parser),
    salvageLine: parser.salvageLine.bind(parser),
    parseSidecar: parser.parseSidecar.bind(parser),
    parseLine: (line, context, place) => {
      if (isArmed && line.includes(text)) {
        isArmed = false;
        throw new Error('injected');
      }
      return parser.parseLine(line, context, place);
    },
  });
}

describe('SegmentSaver', () => {
  it('commits a segment, calls it already saved when it comes again, and refuses to leave a gap', () => {
    using bed = new StoreBed();
    for (const line of [...TURN, ...SECOND_TURN]) bed.append(TRANSCRIPT, `${line}\n`);
    const [first, second, third] = bed.segmentsOf(TRANSCRIPT, () => 1);

    expect(first === undefined || second === undefined || third === undefined).toBe(false);
    expect(bed.save(...[third, first, first, second].filter((segment) => segment !== undefined)).segments).toEqual([
      { outcome: 'gap', committed: 0, newRecords: 0 },
      { outcome: 'committed', committed: first?.segment.end, newRecords: 1 },
      { outcome: 'already', committed: first?.segment.end, newRecords: 0 },
      { outcome: 'committed', committed: second?.segment.end, newRecords: 1 },
    ]);
  });

  it('saves nothing of a segment whose bytes are not those of the archive', () => {
    using bed = new StoreBed();
    for (const line of TURN) bed.append(TRANSCRIPT, `${line}\n`);
    const length = bed.bytesOf(TRANSCRIPT).length;
    const whole = bed.segment(TRANSCRIPT, 0, length);

    const wrongHash = { segment: { ...whole, sha256: '0'.repeat(64) }, sourcePath: null };
    const tooLong = { segment: { ...whole, end: length + 1 }, sourcePath: null };
    const absent = { segment: { ...whole, archivePath: bed.archivePathOf('projects/x/none.jsonl') }, sourcePath: null };

    expect(bed.save(wrongHash, tooLong, absent).segments.map((result) => result.outcome)).toEqual([
      'mismatch',
      'mismatch',
      'mismatch',
    ]);
    expect(promptsOf(bed)).toEqual([]);
    // A damaged name must not become a file that the store knows and nobody has.
    expect(bed.figures.positions()).toEqual([]);
    expect(bed.saveRange(TRANSCRIPT, 0, length)).toBe('committed');
    expect(promptsOf(bed)).toEqual(['Name a river.']);
  });

  it('leaves nothing half when saving breaks in the middle of a batch, and goes on as if it had not', () => {
    using bed = new StoreBed({ wrapParser: failingOnce('Matterhorn') });
    using untroubled = new StoreBed();
    for (const line of [...TURN, ...SECOND_TURN]) {
      bed.append(TRANSCRIPT, `${line}\n`);
      untroubled.append(TRANSCRIPT, `${line}\n`);
    }
    const [start = 0] = [
      bed.bytesOf(TRANSCRIPT).indexOf(promptLine('p2', 'Name a mountain.', { parent: 'a1', second: 10 })),
    ];
    bed.saveRange(TRANSCRIPT, 0, start);
    const before = rowsOf(bed.database);

    expect(() => bed.save(...bed.segmentsOf(TRANSCRIPT))).toThrow('injected');

    expect(rowsOf(bed.database)).toEqual(before);
    expect(bed.database.inTransaction).toBe(false);
    expect(bed.save(...bed.segmentsOf(TRANSCRIPT)).segments[0]?.outcome).toBe('committed');
    untroubled.save(...untroubled.segmentsOf(TRANSCRIPT));
    expect(meaningOf(bed.database)).toEqual(meaningOf(untroubled.database));
    bed.checkFullText();
  });

  it('keeps bad lines by their exact ranges and saves what stands around them', () => {
    using bed = new StoreBed({ maxLineBytes: 2000 });
    const bad = [
      Buffer.from('{"type":"user", "unfinished'),
      Buffer.from('x'.repeat(5000)),
      Buffer.concat([Buffer.from('{"type":"'), Buffer.alloc(20), Buffer.from('"}')]),
      Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
      Buffer.from('[1, 2]'),
    ];
    const lines = [TURN[0], ...bad, TURN[1], '', ...SECOND_TURN];
    const starts = lines.map((_, index) =>
      lines.slice(0, index).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0),
    );

    const result = bed.saveLines(TRANSCRIPT, lines);

    expect(result.quarantined).toBe(5);
    expect(lettersOf(bed)).toEqual(
      ['not-json', 'too-long', 'nul-bytes', 'invalid-utf8', 'not-an-object'].map((reason, index) => [
        starts[index + 1],
        starts[index + 2],
        reason,
      ]),
    );
    expect(promptsOf(bed)).toEqual(['Name a river.', 'Name a mountain.']);
    expect(bed.figures.counts(bed.now)).toMatchObject({ deadLetters: 5, records: 4, errorsLastHour: 5 });
  });

  it('saves the whole record that stands behind an unfinished one on the same line', () => {
    using bed = new StoreBed();

    bed.saveLines(TRANSCRIPT, [`${TURN[0].slice(0, 40)}${TURN[0]}`, TURN[1]]);

    expect(promptsOf(bed)).toEqual(['Name a river.']);
    expect(bed.figures.deadLetters(10)).toHaveLength(1);
  });

  it('makes one record of a last line that is saved without its newline and once more with it', () => {
    using bed = new StoreBed();
    const [prompt, answer] = TURN;
    bed.append(TRANSCRIPT, `${prompt}\n${answer}`);
    const [tailStart, tailEnd] = [prompt.length + 1, prompt.length + 1 + answer.length];

    expect(bed.saveRange(TRANSCRIPT, 0, tailStart)).toBe('committed');
    expect(bed.saveRange(TRANSCRIPT, tailStart, tailEnd, 'tail')).toBe('committed');
    expect(bed.figures.positions()[0]?.committed).toBe(tailStart);
    expect(bed.search('Danube', 10)).toHaveLength(1);
    bed.append(TRANSCRIPT, '\n');
    expect(bed.saveRange(TRANSCRIPT, tailStart, tailEnd + 1)).toBe('committed');

    expect(bed.figures.counts(bed.now)).toMatchObject({ records: 2, exchanges: 1 });
    expect(bed.reader.page(0, 10).items[0]?.revision).toBe(2);
    expect(bed.figures.positions()[0]).toMatchObject({ committed: tailEnd + 1, lines: 2, records: 2 });
  });

  it('takes back the dead letter of an unfinished line when the line is whole', () => {
    using bed = new StoreBed();
    const [prompt] = TURN;
    bed.append(TRANSCRIPT, prompt.slice(0, 50));

    bed.saveRange(TRANSCRIPT, 0, 50, 'tail');
    expect(lettersOf(bed)).toEqual([[0, 50, 'not-json']]);
    bed.append(TRANSCRIPT, `${prompt.slice(50)}\n`);
    bed.saveRange(TRANSCRIPT, 0, prompt.length + 1);

    expect(lettersOf(bed)).toEqual([]);
    expect(promptsOf(bed)).toEqual(['Name a river.']);
  });

  it('takes back the dead letter of an unfinished line that is read again as part of a longer segment', () => {
    using bed = new StoreBed();
    const start = TURN[0].length + 1;
    bed.append(TRANSCRIPT, `${TURN[0]}\n${TURN[1].slice(0, 50)}`);
    bed.saveRange(TRANSCRIPT, 0, start);
    bed.saveRange(TRANSCRIPT, start, start + 50, 'tail');
    bed.append(TRANSCRIPT, `${TURN[1].slice(50)}\n`);
    bed.saver.forgetPositions([bed.archivePathOf(TRANSCRIPT)]);

    bed.save(...bed.segmentsOf(TRANSCRIPT));

    expect(lettersOf(bed)).toEqual([]);
  });

  it('does not set a line aside when an unfinished state of it arrives after it was saved', () => {
    using bed = new StoreBed();
    const [prompt] = TURN;
    bed.append(TRANSCRIPT, prompt.slice(0, 50));
    const late = { segment: bed.segment(TRANSCRIPT, 0, 50, 'tail'), sourcePath: null };
    bed.append(TRANSCRIPT, `${prompt.slice(50)}\n`);
    bed.save(...bed.segmentsOf(TRANSCRIPT));

    expect(bed.save(late).segments[0]?.outcome).toBe('already');

    expect(lettersOf(bed)).toEqual([]);
  });

  it('counts lines once when a segment begins before the committed position', () => {
    using bed = new StoreBed();
    for (const line of [...TURN, ...SECOND_TURN]) bed.append(TRANSCRIPT, `${line}\n`);
    bed.saveRange(TRANSCRIPT, 0, TURN[0].length + 1);

    expect(bed.save(...bed.segmentsOf(TRANSCRIPT)).segments[0]?.outcome).toBe('committed');

    expect(bed.figures.positions()[0]).toMatchObject({ lines: 4, records: 4 });
  });

  it('reads again what was forgotten without changing it', () => {
    using bed = new StoreBed();
    bed.saveLines(TRANSCRIPT, [...TURN, 'no json', ...SECOND_TURN]);
    const before = rowsOf(bed.database);
    bed.now += 3_600_000;

    expect(bed.saver.forgetPositions([bed.archivePathOf(TRANSCRIPT), 'unknown'])).toBe(1);
    expect(bed.figures.positions()[0]).toMatchObject({ committed: 0, records: 0 });
    expect(bed.save(...bed.segmentsOf(TRANSCRIPT))).toMatchObject({ changedExchanges: 0, quarantined: 0 });

    expect(rowsOf(bed.database)).toEqual(before);
  });

  it('lets a revision only grow, by the records of the exchange', () => {
    using bed = new StoreBed();
    const revisions: number[] = [];
    const texts = ['one', 'two', 'three'];

    bed.saveLines(TRANSCRIPT, [TURN[0]]);
    texts.forEach((text, index) => {
      bed.saveLines(TRANSCRIPT, [answerLine(`b${index}`, index === 0 ? 'p1' : `b${index - 1}`, text)]);
      bed.saveLines(TRANSCRIPT, [answerLine(`b${index}`, index === 0 ? 'p1' : `b${index - 1}`, text)]);
      revisions.push(bed.reader.page(0, 10).items[0]?.revision ?? 0);
    });

    expect(revisions).toEqual([2, 3, 4]);
  });

  it('finds the words of what an exchange grew to, and no longer those of a block that was replaced', () => {
    using bed = new StoreBed();
    const growing = (text: string, uuid: string): string =>
      answerLine(uuid, 'p1', text).replace(`msg_${uuid}`, 'msg_growing');
    const begun = 'The answer to that is long and it begins with a heron';

    bed.saveLines(TRANSCRIPT, [TURN[0], growing(begun, 'g1')]);
    expect(bed.search('heron', 10)).toHaveLength(1);
    bed.saveLines(TRANSCRIPT, [growing(`${begun}ry, which is a colony`, 'g2')]);

    expect(bed.search('heronry', 10)).toHaveLength(1);
    expect(bed.search('colony', 10)).toHaveLength(1);
    expect(bed.search('heron', 10)).toEqual([]);
    bed.checkFullText();
  });

  it('keeps the full text in step with text that UTF-8 cannot carry', () => {
    using bed = new StoreBed();
    const odd = 'lone \\ud800 surrogate and \\u0000 nothing';

    bed.saveLines(TRANSCRIPT, [
      promptLine('p1', 'odd').replace('odd', odd),
      answerLine('a1', 'p1', 'odd').replace('odd', odd),
    ]);
    bed.reopen();
    bed.saveLines(TRANSCRIPT, [answerLine('a2', 'a1', 'more words')]);

    const [exchange] = bed.reader.page(0, 10).items;
    expect(exchange?.prompt).toBe('lone \ud800 surrogate and \u0000 nothing');
    expect(bed.search('nothing', 10)).toHaveLength(1);
    bed.checkFullText();
  });

  it('sets a poisonous segment aside whole and moves on, once', () => {
    using bed = new StoreBed();
    for (const line of [...TURN, ...SECOND_TURN]) bed.append(TRANSCRIPT, `${line}\n`);
    const [first, second, ...rest] = bed.segmentsOf(TRANSCRIPT, () => 1);
    if (first === undefined || second === undefined) throw new Error('no segments');

    expect(bed.saver.setAside(second, 'INTERNAL').segments[0]?.outcome).toBe('gap');
    expect(bed.saver.setAside(first, 'INTERNAL').segments[0]).toMatchObject({ committed: first.segment.end });
    bed.save(second, ...rest);
    const { length } = bed.bytesOf(TRANSCRIPT);
    expect(bed.saver.setAside(first, 'INTERNAL').segments[0]).toMatchObject({ outcome: 'already', committed: length });

    expect(lettersOf(bed)).toEqual([[0, first.segment.end, 'INTERNAL']]);
    expect(bed.figures.positions()[0]?.committed).toBe(length);
  });

  it('does not move the position into the middle of a line when a tail is set aside', () => {
    using bed = new StoreBed();
    bed.append(TRANSCRIPT, TURN[0].slice(0, 50));

    bed.saver.setAside({ segment: bed.segment(TRANSCRIPT, 0, 50, 'tail'), sourcePath: null }, 'INTERNAL');

    expect(bed.figures.positions()[0]?.committed).toBe(0);
    expect(lettersOf(bed)).toEqual([[0, 50, 'INTERNAL']]);
  });

  it('sets aside what an agent wrote that it does not know', () => {
    using bed = new StoreBed();
    const stranger = 'stranger/root/file.jsonl';
    bed.archive(stranger, 'anything\n');
    const segment = { archivePath: stranger, kind: 'lines', start: 0, end: 9, sha256: sha256('anything\n') } as const;

    expect(bed.save({ segment, sourcePath: null }).segments[0]).toMatchObject({ outcome: 'committed', committed: 9 });

    expect(lettersOf(bed)).toEqual([[0, 9, 'unknown-agent']]);
  });

  it('links a subagent by its meta file', () => {
    using bed = new StoreBed();
    const meta = `projects/-home-ana-work/${SESSION}/subagents/agent-a1b2c3.meta.json`;
    bed.append(meta, JSON.stringify({ agentType: 'general', toolUseId: 'toolu_1', description: 'look around' }));

    bed.save(...bed.segmentsOf(meta));

    expect(bed.database.prepare('SELECT subagent_id, session, tool_use_id FROM subagent').raw().all()).toEqual([
      ['a1b2c3', SESSION, 'toolu_1'],
    ]);
  });

  it('shows an exchange of which no record names a session under the session it is kept under', () => {
    using bed = new StoreBed();
    const orphan = JSON.stringify({ type: 'user', uuid: 'o1', message: { role: 'user', content: 'Who am I?' } });

    bed.saveLines('projects/-home-ana-work/agent-old.jsonl', [orphan]);

    const [exchange] = bed.reader.page(0, 10).items;
    expect(bed.reader.session(exchange?.sessionId ?? '').exchanges.map((one) => one.prompt)).toEqual(['Who am I?']);
  });

  it('moves an exchange to its real session when that session turns out to be older', () => {
    using bed = new StoreBed();
    const older = '11111111-6126-490e-ab5f-43d163015768';
    const past = (sessionId: string): readonly string[] => [
      promptLine('p1', 'Shared past', { sessionId }),
      answerLine('a1', 'p1', 'Yes.', { sessionId, second: 1 }),
    ];
    const fork = [...past(SESSION), promptLine('p9', 'In the fork', { parent: 'a1', second: 900 })];
    bed.saveLines(TRANSCRIPT, fork);
    bed.saveLines(`projects/-home-ana-work/${older}.jsonl`, past(older));
    const ownerOf = (): string | undefined =>
      bed.reader.page(0, 10).items.find((exchange) => exchange.prompt === 'Shared past')?.sessionId;

    expect(ownerOf()).toBe(older);
    bed.saveLines(TRANSCRIPT, [queueLine('typed on the first day', { second: 0 })]);

    expect(ownerOf()).toBe(SESSION);
  });

  it('decides about an owner anew when a session without lines of its own goes on', () => {
    const forkFirst = '11111111-6126-490e-ab5f-43d163015768';
    const past = (sessionId: string): readonly string[] => [
      promptLine('p1', 'Shared past', { sessionId }),
      answerLine('a1', 'p1', 'Yes.', { sessionId, second: 1 }),
    ];
    const longer = [promptLine('p2', 'Later', { sessionId: forkFirst, parent: 'a1', second: 5000 })];
    const owners = [true, false].map((isLongerFirst) => {
      using bed = new StoreBed();
      const file = `projects/-home-ana-work/${forkFirst}.jsonl`;
      const steps = [
        () => bed.saveLines(file, past(forkFirst)),
        () => bed.saveLines(TRANSCRIPT, [...past(SESSION), promptLine('p3', 'Soon', { parent: 'a1', second: 60 })]),
        () => bed.saveLines(file, longer),
      ];
      const order = isLongerFirst ? [0, 2, 1] : [0, 1, 2];
      for (const step of order) steps[step]?.();
      return bed.reader.page(0, 10).items.find((exchange) => exchange.prompt === 'Shared past')?.sessionId;
    });

    expect(owners[0]).toBe(owners[1]);
  });

  it('keeps the earliest time of a prompt that a session shows twice, whichever comes first', () => {
    const times = [
      [30, 90],
      [90, 30],
    ].map((seconds) => {
      using bed = new StoreBed();
      for (const second of seconds) {
        bed.saveLines(`projects/-home-ana-work/${SESSION}.jsonl${second === 30 ? '' : '.superseded-1'}`, [
          promptLine('p1', 'Hello', { second }),
        ]);
      }
      return bed.database.prepare('SELECT prompt_at FROM exchange_session').pluck().all();
    });

    expect(times[0]).toHaveLength(1);
    expect(times[0]).toEqual(times[1]);
  });

  it('gives every change of an exchange a number of its own, after the last one', () => {
    using bed = new StoreBed();
    const numbers: unknown[] = [];

    for (const line of [...TURN, ...SECOND_TURN]) {
      bed.saveLines(TRANSCRIPT, [line]);
      numbers.push(bed.database.prepare('SELECT max(change_seq) FROM exchange').pluck().get());
    }

    expect(numbers).toEqual([1, 2, 3, 4]);
  });

  it('says STORE_FULL when there is no room, and saves the same segment when there is', () => {
    using bed = new StoreBed();
    const big = answerLine('a1', 'p1', 'word '.repeat(200_000));
    bed.append(TRANSCRIPT, `${TURN[0]}\n${big}\n`);
    const pages = bed.database.pragma('page_count', { simple: true });
    bed.database.pragma(`max_page_count = ${Number(pages) + 4}`);

    expect(() => bed.save(...bed.segmentsOf(TRANSCRIPT))).toThrow(
      expect.objectContaining({ code: 'STORE_FULL', retryable: true }),
    );
    expect(promptsOf(bed)).toEqual([]);
    bed.database.pragma('max_page_count = 1000000');

    expect(bed.save(...bed.segmentsOf(TRANSCRIPT)).segments[0]?.outcome).toBe('committed');
    expect(promptsOf(bed)).toEqual(['Name a river.']);
  });

  it('adds up the exchanges saved and the failures of each minute', () => {
    using bed = new StoreBed();

    bed.saveLines(TRANSCRIPT, [...TURN, ...SECOND_TURN]);
    bed.saver.countErrors(1);
    bed.now += 61_000;
    bed.saveLines(TRANSCRIPT, [toolLine('t1', 'a2', 'toolu_1')]);

    expect(bed.figures.minutes(0).map(({ saved, errors }) => [saved, errors])).toEqual([
      [2, 1],
      [1, 0],
    ]);
    expect(bed.figures.counts(bed.now)).toMatchObject({ savesLastHour: 3, errorsLastHour: 1, lastSaveAt: bed.now });
  });

  it('goes on after a restart with an exchange that has thousands of parts', () => {
    using bed = new StoreBed();
    const count = 3000;
    const tools = Array.from({ length: count }, (_, index) =>
      toolLine(`t${index}`, index === 0 ? 'p1' : `t${index - 1}`, `toolu_${index}`),
    );

    bed.saveLines(TRANSCRIPT, [TURN[0], ...tools.slice(0, count / 2)]);
    bed.reopen();
    bed.saveLines(TRANSCRIPT, tools.slice(count / 2));

    expect(bed.reader.page(0, 10).items.map((exchange) => [exchange.revision, exchange.parts.length])).toEqual([
      [count + 1, count],
    ]);
  });
});
