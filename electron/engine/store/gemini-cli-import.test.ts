import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Exchange } from '../../../shared/exchange.ts';
import {
  CHAT,
  CHAT_ID,
  DIRECTORY,
  OLD_CHAT,
  answer,
  call,
  context,
  header,
  list,
  notice,
  oldChat,
  prompt,
  rewind,
  touched,
} from '../parse/agents/gemini-cli/chat-lines.fixture.ts';
import { answersOf } from '../parse/exchange-parts.ts';
import { StoreBed, filesBelow, generator } from './test-support/store-bed.ts';
import { meaningOf, rowsOf } from './test-support/store-state.ts';

const TREE = fileURLToPath(new URL('../../../tests/fixtures/gemini-cli-0.61.0', import.meta.url));
const ROOT = path.join(TREE, 'home/.gemini');
const FILES = filesBelow(ROOT);

const Manifest = z.looseObject({
  sessions: z.array(
    z.looseObject({
      session_id: z.string(),
      cwd: z.string(),
      exchanges: z.array(
        z.looseObject({
          prompt: z.string(),
          all_texts: z.array(z.string()),
          client_wrote: z.object({ prompt: z.string(), answers: z.array(z.string()) }),
        }),
      ),
    }),
  ),
});
const manifest = Manifest.parse(JSON.parse(readFileSync(path.join(TREE, 'manifest.json'), 'utf8')));

function bedOf(): StoreBed {
  return new StoreBed({ agent: 'gemini-cli' });
}

function textOf(lines: readonly unknown[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Saves bytes at the end of a chat, in pieces of about that many bytes. */
function saveChat(bed: StoreBed, content: string | Buffer, relativePath = CHAT, pieceBytes = Infinity): void {
  bed.append(relativePath, content);
  bed.save(...bed.segmentsOf(relativePath, () => pieceBytes));
}

/** Saves a whole-file JSON as the n-th generation. */
function saveOld(bed: StoreBed, generation: number, content: string): void {
  const relativePath = generation === 1 ? OLD_CHAT : `~${generation}/${OLD_CHAT}`;
  bed.append(relativePath, content);
  bed.saveRange(relativePath, 0, bed.bytesOf(relativePath).length, 'blob');
}

function exported(bed: StoreBed): readonly Exchange[] {
  return [...bed.reader.page(0, 500).items].sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
}

/** Prompt, answers and state of each exchange; `~` before a prompt that was taken back. */
function saidIn(bed: StoreBed): readonly (readonly string[])[] {
  return exported(bed).map((exchange) => [
    `${exchange.isAbandoned === true ? '~' : ''}${exchange.prompt}`,
    ...answersOf(exchange.parts),
    exchange.state,
  ]);
}

/** The client trims answers and takes characters out that cannot be seen. */
function visible(text: string): string {
  return text.replace(/[\u200B\u200D\u200F\uFEFF]/gu, '').trim();
}

const RIVER = [prompt(1, 'Name a river.'), touched(1), answer(2, 'The Danube.'), touched(2)] as const;
const HILL = [prompt(3, 'And a hill.'), touched(3), answer(4, 'The Gellért.'), touched(4)] as const;
const HEAD = [header(), list(0, [context()])] as const;
const BOTH = [
  ['Name a river.', 'The Danube.', 'complete'],
  ['And a hill.', 'The Gellért.', 'complete'],
];

describe('the chats of Gemini CLI 0.61.0, saved', () => {
  function saveAll(bed: StoreBed, files: readonly string[], pieceBytes: number): void {
    for (const file of files) saveChat(bed, readFileSync(path.join(ROOT, file)), file, pieceBytes);
  }

  it.each([
    ['whole', FILES, Infinity],
    ['line by line, in reverse', [...FILES].reverse(), 1],
  ] as const)('give every session its exchanges, each once (%s)', (_name, files, pieceBytes) => {
    using bed = bedOf();

    saveAll(bed, files, pieceBytes);

    for (const session of manifest.sessions) {
      const written = session.exchanges.filter(({ client_wrote: wrote }) => wrote.prompt === 'exact');
      const found = exported(bed).filter((exchange) => exchange.sessionId === session.session_id);
      expect(found.map((exchange) => exchange.prompt)).toEqual(written.map((exchange) => exchange.prompt));
      expect(found.every((exchange) => exchange.project === session.cwd)).toBe(true);
      const isExact = written.every(({ client_wrote: wrote }) => wrote.answers.every((how) => how === 'exact'));
      const asWritten = isExact ? (text: string) => text : visible;
      expect(found.map((exchange) => answersOf(exchange.parts).map(asWritten))).toEqual(
        written.map((exchange) => exchange.all_texts.map(asWritten)),
      );
    }
    expect(exported(bed)).toHaveLength(4);
    expect(bed.figures.deadLetters(10)).toEqual([]);
    expect(bed.audit.drift()).toBe(0);
    expect(bed.audit.duplicates()).toBe(0);
  });

  it('are known under their sessions, so that these can be restored', () => {
    using bed = bedOf();
    saveAll(bed, FILES, Infinity);

    const sessions = bed.figures.positions().map((position) => position.session);

    expect([...sessions].sort()).toEqual(
      manifest.sessions
        .filter(({ exchanges }) => exchanges.some(({ client_wrote: wrote }) => wrote.prompt === 'exact'))
        .map((session) => session.session_id)
        .sort(),
    );
  });

  it('are not changed by being imported again, nor by being read again from the start', () => {
    using bed = bedOf();
    saveAll(bed, FILES, Infinity);
    const before = rowsOf(bed.database);
    const meaning = meaningOf(bed.database);

    for (const file of FILES) bed.save(...bed.segmentsOf(file));
    expect(rowsOf(bed.database)).toEqual(before);
    bed.reopen();
    bed.saver.forgetPositions(FILES.map((file) => bed.archivePathOf(file)));
    for (const file of FILES) bed.save(...bed.segmentsOf(file, () => 700));

    expect(meaningOf(bed.database)).toEqual(meaning);
  });
});

describe('a chat of Gemini CLI', () => {
  it('holds a message once that is written again with its tools and their results', () => {
    using bed = bedOf();
    saveChat(
      bed,
      textOf([
        ...HEAD,
        prompt(1, 'List the files.'),
        answer(2, 'Looking.'),
        answer(2, 'Looking.', { toolCalls: [call('c1', 'executing')] }),
        answer(2, 'Looking.', { toolCalls: [call('c1', 'success', { result: [{ text: 'a' }] })] }),
        prompt(3, '', { content: [{ functionResponse: { id: 'c1', name: 'ls', response: {} } }] }),
        answer(4, 'One file: a.'),
      ]),
      CHAT,
      1,
    );

    const [exchange] = exported(bed);

    expect(exchange?.parts.map((part) => part.kind)).toEqual(['text', 'tool', 'tool-result', 'text']);
    expect(saidIn(bed)).toEqual([['List the files.', 'Looking.', 'One file: a.', 'complete']]);
  });

  it('is open while a tool runs', () => {
    using bed = bedOf();
    saveChat(
      bed,
      textOf([
        ...HEAD,
        prompt(1, 'Wait.'),
        answer(2, 'So.'),
        answer(2, 'So.', { toolCalls: [call('c', 'executing')] }),
      ]),
    );

    expect(saidIn(bed)).toEqual([['Wait.', 'So.', 'open']]);
  });

  it('goes on in the same session when it is resumed', () => {
    using bed = bedOf();
    const messages = [context(), RIVER[0], RIVER[2]];
    saveChat(bed, textOf([...HEAD, ...RIVER]));

    saveChat(bed, textOf([header({ lastUpdated: '2026-11-23T06:43:10.147Z' }), list(90_000, messages), ...HILL]));

    expect(saidIn(bed)).toEqual(BOTH);
    expect(new Set(exported(bed).map((exchange) => exchange.sessionId))).toEqual(new Set([CHAT_ID]));
    expect(bed.audit.duplicates()).toBe(0);
  });

  it('keeps what was taken back, and marks it', () => {
    using bed = bedOf();
    saveChat(bed, textOf([...HEAD, ...RIVER, ...HILL, prompt(5, 'Why?'), answer(6, 'So.'), rewind(3)]), CHAT, 1);
    expect(saidIn(bed)).toEqual([
      ['Name a river.', 'The Danube.', 'complete'],
      ['~And a hill.', 'The Gellért.', 'complete'],
      ['~Why?', 'So.', 'complete'],
    ]);

    saveChat(bed, textOf([prompt(7, 'And a lake.'), answer(8, 'Balaton.'), rewind(7), prompt(9, 'A sea.')]), CHAT, 1);

    expect(saidIn(bed).slice(3)).toEqual([
      ['~And a lake.', 'Balaton.', 'complete'],
      ['A sea.', 'open'],
    ]);
    const meaning = meaningOf(bed.database);
    bed.saver.forgetPositions([bed.archivePathOf(CHAT)]);
    bed.save(...bed.segmentsOf(CHAT, () => 400));
    expect(meaningOf(bed.database)).toEqual(meaning);
  });

  it('that goes back to something unknown goes back to its beginning', () => {
    using bed = bedOf();
    saveChat(bed, textOf([...HEAD, ...RIVER, rewind(77), ...HILL]));

    expect(saidIn(bed).map(([said]) => said)).toEqual(['~Name a river.', 'And a hill.']);
  });

  it('shows a compaction, and no prompt that the client repeats after it', () => {
    using bed = bedOf();
    const after = [
      context(),
      prompt(9, '<state_snapshot>rivers</state_snapshot>'),
      answer(9, 'Got it.', { id: 'ack' }),
      { ...prompt(9, 'And a hill.'), id: 'copy-1' },
      { ...answer(9, 'The Gellért.'), id: 'copy-2' },
    ];
    saveChat(
      bed,
      textOf([...HEAD, ...RIVER, ...HILL, list(9010, after), prompt(10, 'And a lake.'), answer(11, 'Balaton.')]),
    );
    saveChat(bed, textOf([header(), list(90_000, [...after, prompt(10, 'And a lake.'), answer(11, 'Balaton.')])]));

    expect(saidIn(bed)).toEqual([...BOTH, ['And a lake.', 'Balaton.', 'complete']]);
    const notices = exported(bed).flatMap(({ parts }) => parts.filter((part) => part.kind === 'notice'));
    expect(notices.map((part) => part.notice)).toEqual(['compacted']);
  });

  it('ends a prompt that was cancelled, and one that failed', () => {
    using bed = bedOf();
    saveChat(
      bed,
      textOf([
        ...HEAD,
        ...RIVER,
        prompt(3, 'Stop this.'),
        list(3500, [context(), RIVER[0], RIVER[2]]),
        prompt(5, 'Refuse this.'),
        notice(6, 'error', '[API Error: refused]'),
        list(6500, [context(), RIVER[0], RIVER[2]]),
      ]),
    );

    expect(saidIn(bed).slice(1)).toEqual([
      ['Stop this.', 'interrupted'],
      ['Refuse this.', 'error'],
    ]);
  });

  it('keeps a new type of message raw, counts it, and breaks nothing', () => {
    using bed = bedOf();
    const strange = { id: 'new-1', timestamp: '2026-11-22T06:43:11Z', type: 'hologram', content: [{ cube: 3 }] };
    saveChat(bed, textOf([...HEAD, RIVER[0], strange, RIVER[2], { $set: { mood: 'good' } }, ...HILL]));

    expect(saidIn(bed)).toEqual(BOTH);
    expect(bed.audit.drift()).toBe(2);
    expect(bed.figures.deadLetters(10)).toEqual([]);
  });

  it('of a subagent belongs to its session, in a conversation of its own', () => {
    using bed = bedOf();
    saveChat(bed, textOf([...HEAD, ...RIVER]));
    const head = header({ sessionId: 'sub-1', kind: 'subagent', directories: [DIRECTORY] });
    saveChat(bed, textOf([head, ...HILL]), `tmp/lisbon/chats/${CHAT_ID}/sub-1.jsonl`);

    expect(exported(bed).map((exchange) => [exchange.prompt, exchange.sessionId, exchange.subagentId])).toEqual([
      ['Name a river.', CHAT_ID, null],
      ['And a hill.', CHAT_ID, 'sub-1'],
    ]);
    expect(bed.figures.positions().map((position) => position.session)).toEqual([CHAT_ID, CHAT_ID]);
  });
});

describe('a whole-file JSON of Gemini CLI', () => {
  const GENERATIONS = [
    oldChat([RIVER[0]]),
    oldChat([RIVER[0], answer(2, '')]),
    oldChat([RIVER[0], RIVER[2]]),
    oldChat([RIVER[0], RIVER[2], HILL[0]]),
    oldChat([RIVER[0], RIVER[2], HILL[0], HILL[2]], { summary: 'Rivers and hills' }),
  ] as const;

  it.each([[[1, 2, 3, 4, 5]], [[5, 4, 3, 2, 1]], [[3, 5, 1, 4, 2]]])(
    'gives its exchanges once, its rewritings read in the order %j',
    (order) => {
      using bed = bedOf();

      for (const generation of order) saveOld(bed, generation, GENERATIONS[generation - 1] ?? '');

      expect(saidIn(bed)).toEqual(BOTH);
      expect(bed.figures.counts(bed.now)).toMatchObject({ exchanges: 2, sessions: 1, records: 5, deadLetters: 0 });
      expect(bed.reader.session(CHAT_ID).session.title).toBe('Rivers and hills');
    },
  );

  it.each([
    ['before', false],
    ['after', true],
  ])('and the lines it became are one conversation, read %s them', (_name, isLast) => {
    using bed = bedOf();
    const old = (): void => {
      saveOld(bed, 1, GENERATIONS[4]);
    };
    if (!isLast) old();

    saveChat(bed, textOf([header(), RIVER[0], RIVER[2], HILL[0], HILL[2], prompt(5, 'Why?'), answer(6, 'So.')]));
    if (isLast) old();

    expect(saidIn(bed)).toEqual([...BOTH, ['Why?', 'So.', 'complete']]);
    expect(new Set(exported(bed).map((exchange) => exchange.sessionId))).toEqual(new Set([CHAT_ID]));
    expect(bed.audit.duplicates()).toBe(0);
  });

  it('of a version that wrote no ids is known by its order', () => {
    using bed = bedOf();
    const without = [RIVER[0], RIVER[2], HILL[0], HILL[2]].map((message) => ({ ...message, id: undefined }));

    saveOld(bed, 1, oldChat(without.slice(0, 2)));
    saveOld(bed, 2, oldChat(without));

    expect(saidIn(bed)).toEqual(BOTH);
  });
});

describe('a damaged chat of Gemini CLI', () => {
  const LINES = [...HEAD, ...RIVER, ...HILL, prompt(5, 'Why?'), answer(6, 'So.')].map((line) => JSON.stringify(line));
  const [H = '', SET = '', P1 = '', , A1 = '', , P2 = '', , A2 = '', , P3 = '', A3 = ''] = LINES;
  const ALL = ['Name a river.', 'And a hill.', 'Why?'];
  const joined = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
  const nuls = '\0'.repeat(512);
  const random = generator(7);
  const noise = Buffer.from(Array.from({ length: 400 }, () => 128 + Math.floor(random() * 127)));
  const without = (line: string): readonly string[] => LINES.filter((other) => other !== line);
  const replaced = (line: string, by: string): string => joined(LINES.map((other) => (other === line ? by : other)));

  /** Name, bytes, prompts that must be there, ranges that are set aside. */
  const damages: readonly (readonly [string, string | Buffer, readonly string[], number])[] = [
    ['blank lines', LINES.join('\n\n\n') + '\n', ALL, 0],
    ['CRLF', LINES.join('\r\n') + '\r\n', ALL, 0],
    ['a byte order mark', `\uFEFF${joined(LINES)}`, ALL, 0],
    ['a line cut in two', replaced(A2, `${A2.slice(0, 50)}\n${A2.slice(50)}`), ALL, 2],
    ['a prompt cut off', replaced(P2, P2.slice(0, -20)), ['Name a river.', 'Why?'], 1],
    ['an unfinished line in front of a prompt', replaced(P2, `${A1.slice(0, 40)}${P2}`), ALL, 1],
    ['an unfinished patch in front of an answer', replaced(A2, `{"$set":{"last${A2}`), ALL, 1],
    ['a newline missing', replaced(P2, `${P2}${A2}`), ALL, 0],
    ['all newlines missing but those of lists', joined([SET, LINES.filter((line) => line !== SET).join('')]), ALL, 0],
    ['NUL in front of a prompt', replaced(P2, `${nuls}${P2}`), ALL, 1],
    ['NUL behind a prompt', replaced(P2, `${P2}${nuls}`), ALL, 1],
    ['a run of NUL on a line', joined([...LINES.slice(0, 5), nuls, ...LINES.slice(5)]), ALL, 1],
    ['a run of NUL at the end', `${joined(LINES)}${nuls}\n`, ALL, 1],
    ['noise', Buffer.concat([Buffer.from(joined(LINES)), noise, Buffer.from('\n')]), ALL, 1],
    ['noise in front', Buffer.concat([noise, Buffer.from('\n'), Buffer.from(joined(LINES))]), ALL, 1],
    ['bad UTF-8 in an answer', Buffer.from(replaced(A2, A2.replace('Gell', 'Ge\u00ff')), 'latin1'), ALL, 1],
    ['a lone surrogate', replaced(A2, A2.replace('The Gell', '\\ud83d Gell')), ALL, 0],
    [
      'a line separator in a prompt',
      replaced(P3, P3.replace('Why?', 'Wh\u2028y?')),
      ['Name a river.', 'And a hill.', 'Wh\u2028y?'],
      0,
    ],
    ['the block of a turn twice', joined([...LINES, P2, A2]), ALL, 0],
    ['every line twice', joined(LINES.flatMap((line) => [line, line])), ALL, 0],
    ['the file twice', joined([...LINES, ...LINES]), ALL, 0],
    ['no head', joined(without(H)), ALL, 0],
    ['a head that comes late', joined([SET, H, ...LINES.slice(2)]), ALL, 0],
    ['no words that set it up', joined(without(SET)), ALL, 0],
    ['an answer in front of its prompt', joined([H, SET, A1, P1, P2, A2, P3, A3]), ALL, 0],
    ['a list of strange things', joined([...LINES, '{"$set":{"messages":[null,1,"x",[],{}]}}']), ALL, 0],
    ['a patch that is a number', joined([...LINES, '{"$set":3}', '{"$set":null}']), ALL, 0],
    ['a rewind to nothing', joined([...LINES, '{"$rewindTo":""}', '{"$rewindTo":7}']), ALL, 0],
    ['a list for a line', joined([...LINES, '[1,2]', '"x"', '3', 'null']), ALL, 4],
    ['a bracket too many', replaced(P2, `${P2}}`), ['Name a river.', 'Why?'], 1],
    [
      'fields of strange types',
      joined([...LINES, '{"id":7,"type":[],"content":{}}', '{"id":"a","type":{},"content":7}']),
      ALL,
      0,
    ],
    [
      'an id of a megabyte',
      joined([...LINES, JSON.stringify({ ...prompt(1, 'x'), id: 'x'.repeat(1e6), type: 'info' })]),
      ALL,
      0,
    ],
    [
      'depth',
      joined([
        ...LINES.slice(0, -1),
        A3.replace(
          '"thoughts":[]',
          `"toolCalls":[{"id":"c","status":"success","result":${'['.repeat(50_000)}${']'.repeat(50_000)}}]`,
        ),
      ]),
      ALL,
      0,
    ],
  ];

  it.each(damages)('with %s gives every whole record and sets the rest aside', (_name, bytes, prompts, letters) => {
    using bed = bedOf();

    saveChat(bed, bytes, CHAT, 300);

    expect(exported(bed).map((exchange) => exchange.prompt)).toEqual(prompts);
    expect(bed.figures.deadLetters(100)).toHaveLength(letters);
    expect(exported(bed).every((exchange) => [CHAT_ID, '2ab72121'].includes(exchange.sessionId))).toBe(true);
    expect(bed.audit.duplicates()).toBe(0);
    bed.checkFullText();
  });

  it('has more than 25 of these', () => {
    expect(damages.length).toBeGreaterThan(25);
  });

  const WHOLE = oldChat([RIVER[0], RIVER[2], HILL[0], HILL[2]]);
  it.each([
    ['is cut off', WHOLE.slice(0, -30), [], 1],
    ['is empty', '', [], 0],
    ['has NUL behind it', `${WHOLE}${nuls}`, [], 1],
    ['starts with a byte order mark', `\uFEFF${WHOLE}`, ['Name a river.', 'And a hill.'], 0],
    ['has CRLF', WHOLE.replaceAll('\n', '\r\n'), ['Name a river.', 'And a hill.'], 0],
    ['stands twice in its file', `${WHOLE}${WHOLE}`, [], 1],
    ['is some other JSON', '{"tips": true}', [], 1],
    ['holds strange messages', oldChat([null, 7, RIVER[0], {}, [], HILL[0]]), ['Name a river.', 'And a hill.'], 3],
  ] as const)('that is a whole file and %s breaks nothing', (_name, content, prompts, letters) => {
    using bed = bedOf();

    saveOld(bed, 1, content);

    expect(exported(bed).map((exchange) => exchange.prompt)).toEqual(prompts);
    expect(bed.figures.deadLetters(100)).toHaveLength(letters);
  });
});
