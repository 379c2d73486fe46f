import { describe, expect, it } from 'vitest';
import { smallExchange, smallExchanges, textOf, idOf } from '../../support/session-lines.ts';
import type { ArchivedFile } from './archived-bytes.ts';
import type { Incarnation } from './journal.ts';
import { badLines, isClean, judge, type Store, type StoredExchange } from './judgement.ts';

const SESSION = idOf('judged');
const ALL = smallExchanges(SESSION, 'judged', 3);
const BAD = Buffer.from([0xff, 0xfe, 0x0a]);
const BYTES = Buffer.concat([Buffer.from(textOf(ALL)), BAD]);
const NAME = 'claude-code/claude-1/projects/p/s.jsonl';

function incarnation(bytes = BYTES, owedBytes = bytes.length): Incarnation {
  return { name: 'w0-1', kind: 'lines', bytes, owedBytes };
}

function storedOf({ id, prompt, answer }: (typeof ALL)[number]): StoredExchange {
  return { key: id, prompt, answers: [answer], tools: [], isSubagent: false, found: 1 };
}

/** What a Holdfast holds that has made no mistake. */
function faithful(): { readonly archive: ArchivedFile[]; readonly store: Store } {
  let at = 0;
  const records = ALL.flatMap(({ id, lines }) =>
    lines.map((line, index) => {
      const start = at;
      at += Buffer.byteLength(line);
      return { id: index === 0 ? id : uuidIn(line), archivePath: NAME, start, end: at };
    }),
  );
  const letters = [{ start: at, end: at + BAD.length }];
  return {
    archive: [{ archivePath: NAME, bytes: BYTES }],
    store: {
      exchanges: ALL.map(storedOf),
      generations: [{ archivePath: NAME, committed: BYTES.length, letters }],
      records,
    },
  };
}

function uuidIn(line: string): string {
  return /"uuid":"(?<uuid>[^"]+)"/.exec(line)?.groups?.['uuid'] ?? '';
}

/** @param change what a Holdfast with a mistake would hold instead */
function judged(change: (store: Store) => Partial<Store>, source = incarnation()): ReturnType<typeof judge> {
  const { archive, store } = faithful();
  return judge([source], archive, { ...store, ...change(store) });
}

describe('judge', () => {
  it('finds nothing when everything is as it was written', () => {
    const judgement = judged(() => ({}));

    expect(judgement).toEqual({ exchanges: 3, lost: [], duplicated: [], wrong: [] });
    expect(isClean(judgement)).toBe(true);
  });

  it('finds a lost exchange, even when another is there twice', () => {
    const judgement = judged(({ exchanges: [first, second] }) => ({
      exchanges: [first, second, second].filter((one) => one !== undefined),
    }));

    expect(judgement.lost).toEqual([`exchange ${ALL[2]?.id ?? ''}`]);
    expect(judgement.duplicated).toEqual([`exchange ${ALL[1]?.id ?? ''}`]);
    expect(isClean(judgement)).toBe(false);
  });

  it('finds a lost record and lost bytes', () => {
    expect(judged(({ records }) => ({ records: records.slice(1) })).wrong).toEqual([
      `record ${ALL[0]?.id ?? ''} is missing`,
    ]);
    const { store } = faithful();
    expect(judge([incarnation()], [{ archivePath: NAME, bytes: BYTES.subarray(0, 50) }], store).wrong).toContain(
      `${String(BYTES.length)} bytes of w0-1 are not in the archive`,
    );
  });

  it.each<readonly [string, Partial<StoredExchange>, string]>([
    ['another prompt', { prompt: 'Prompt of somebody else' }, 'its prompt is'],
    ['an answer twice', { answers: ['Answer judged 1', 'Answer judged 1'] }, 'its answers are'],
    ['an answer too few', { answers: [] }, 'its answers are'],
    ['a damaged answer', { answers: ['Answer judged \uFFFD'] }, 'its answers are'],
    ['a tool too many', { tools: ['Bash'] }, 'its tools are'],
    ['the place of a subagent', { isSubagent: true }, 'it is on the wrong side'],
    ['no place in the full text', { found: 0 }, 'a search finds it 0 times'],
  ])('finds an exchange with %s', (_what, change, reason) => {
    const { wrong } = judged(({ exchanges }) => ({
      exchanges: exchanges.map((one, index) => (index === 0 ? { ...one, ...change } : one)),
    }));

    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toContain(reason);
  });

  it('finds an exchange that a search finds twice, and one that nobody has written', () => {
    const twice = judged(({ exchanges }) => ({ exchanges: exchanges.map((one) => ({ ...one, found: 2 })) }));
    expect(twice.duplicated).toHaveLength(3);
    const invented = { ...storedOf(smallExchange(SESSION, 'invented')) };
    expect(judged(({ exchanges }) => ({ exchanges: [...exchanges, invented] })).wrong).toEqual([
      `exchange ${invented.key}: nobody has written it`,
    ]);
  });

  it('finds a position that stands still, and one that has run ahead', () => {
    const at = (committed: number) => (store: Store) => ({
      generations: store.generations.map((one) => ({ ...one, committed })),
    });

    expect(judged(at(10)).wrong).toEqual([`${NAME}: committed up to 10 instead of ${String(BYTES.length)}`]);
    expect(judged(at(BYTES.length + 1)).wrong).toHaveLength(1);
  });

  it('finds a dead letter that is missing, too many, or of another range', () => {
    const letters =
      (...list: readonly { start: number; end: number }[]) =>
      (store: Store) => ({
        generations: store.generations.map((one) => ({ ...one, letters: list })),
      });
    const [right = { start: 0, end: 0 }] = faithful().store.generations[0]?.letters ?? [];

    expect(judged(letters()).wrong[0]).toContain('no dead letter for');
    expect(judged(letters(right, { start: 0, end: 9 })).wrong[0]).toContain('dead letters for 0-9');
    expect(judged(letters({ ...right, end: right.end - 1 })).wrong).toHaveLength(2);
  });

  it('finds bytes in the archive that nobody has written, and a generation that the archive has not', () => {
    const { archive, store } = faithful();
    const mixed = Buffer.concat([BYTES.subarray(0, 100), Buffer.from('x\n')]);

    expect(judge([incarnation()], [...archive, { archivePath: 'mixed', bytes: mixed }], store).wrong).toEqual([
      'mixed: nobody has written what it holds',
    ]);
    const gone = { archivePath: 'gone', committed: 0, letters: [] };
    expect(judge([incarnation()], archive, { ...store, generations: [...store.generations, gone] }).wrong).toEqual([
      'gone: the store knows it, the archive does not',
    ]);
  });

  it('finds a record whose place holds another line', () => {
    const { wrong } = judged(({ records }) => ({
      records: records.map((one, index) => (index === 1 ? { ...one, start: records[0]?.start ?? 0 } : one)),
    }));

    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toContain('is not at');
  });

  it('owes nothing of what was destroyed before it was archived, and takes it when it is there', () => {
    const [first] = ALL;
    const owedBytes = Buffer.byteLength(textOf(first === undefined ? [] : [first]));

    expect(isClean(judged(() => ({}), incarnation(BYTES, owedBytes)))).toBe(true);
    expect(judged(({ exchanges }) => ({ exchanges: exchanges.slice(1) }), incarnation(BYTES, owedBytes)).lost).toEqual([
      `exchange ${first?.id ?? ''}`,
    ]);
  });

  it('wants half a last line set aside when its file is gone for good', () => {
    const torn = Buffer.concat([BYTES, Buffer.from('{"half')]);
    const { store } = faithful();
    const archive = [{ archivePath: NAME, bytes: torn }];
    const tail = { start: BYTES.length, end: torn.length };
    const withTail = store.generations.map((one) => ({ ...one, letters: [...one.letters, tail] }));

    expect(judge([incarnation(torn)], archive, store).wrong[0]).toContain('no dead letter for');
    expect(isClean(judge([incarnation(torn)], archive, { ...store, generations: withTail }))).toBe(true);
  });
});

describe('badLines', () => {
  it('gives the ranges of what is no object in UTF-8, and of nothing else', () => {
    const lines = ['{"a":1}\n', '\n', '[1]\n', '{"a":\n', '{"b":"\0"}\n', '{"c":2}\n', '{"unfinished'];

    expect(badLines(Buffer.from(lines.join('')))).toEqual([
      { start: 9, end: 13 },
      { start: 13, end: 19 },
      { start: 19, end: 29 },
    ]);
  });
});
