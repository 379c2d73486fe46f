import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIT_END, HIT_START } from '../../../shared/exchange.ts';
import type { SearchRequest } from './conversation-search.ts';
import { SubstringIndex } from './substring-index.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { answerLine, promptLine, toolLine } from './test-support/transcript.ts';

const DAY_MS = 86_400_000;
/** When the first record of the test transcripts was written. */
const FIRST_DAY = Date.UTC(2026, 10, 20, 9);

interface Told {
  readonly prompt: string;
  readonly answer: string;
  readonly day?: number;
  readonly cwd?: string;
}

/** Saves one session for each, in this order. */
function tell(bed: StoreBed, told: readonly Told[]): void {
  for (const [index, { prompt, answer, day = index, cwd = '/home/ana/otters' }] of told.entries()) {
    const sessionId = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const options = { sessionId, second: day * 86_400, cwd };
    bed.saveLines(`projects/-p/${sessionId}.jsonl`, [
      promptLine(`p${index}`, prompt, options),
      answerLine(`a${index}`, `p${index}`, answer, options),
    ]);
  }
  const parts = new SubstringIndex(bed.database);
  while (parts.follow(2) > 0);
}

const found = (bed: StoreBed, query: string, more: Partial<SearchRequest> = {}): readonly string[] =>
  bed.search(query, 20, more).map((hit) => hit.exchange.key);

describe('a search', () => {
  it('gives the newest first, in whatever order they were saved', () => {
    using bed = new StoreBed();
    tell(bed, [
      { prompt: 'otters in June', answer: 'yes', day: 90 },
      { prompt: 'otters in March', answer: 'yes', day: 0 },
      { prompt: 'otters in May', answer: 'yes', day: 60 },
    ]);

    expect(found(bed, 'otters')).toEqual(['p0', 'p2', 'p1']);
  });

  it('goes on where the last page ended', () => {
    using bed = new StoreBed();
    tell(
      bed,
      [1, 2, 3, 4, 5].map((day) => ({ prompt: 'otters', answer: `day ${day}`, day })),
    );
    const first = bed.search('otters', 2);
    const next = bed.search('otters', 2, { before: first.at(-1)?.cursor ?? null });

    expect([...first, ...next].map((hit) => hit.exchange.key)).toEqual(['p4', 'p3', 'p2', 'p1']);
  });

  it('keeps apart what was said by whom, when, where, with which tool, and with code', () => {
    using bed = new StoreBed();
    tell(bed, [
      { prompt: 'Where do otters sleep?', answer: 'In dens.', cwd: '/home/ana/a' },
      { prompt: 'And beavers?', answer: 'Like otters.\n```\nsleep()\n```', cwd: '/home/ana/b' },
    ]);

    expect(found(bed, 'otters', { role: 'prompt' })).toEqual(['p0']);
    expect(found(bed, 'otters', { role: 'answer' })).toEqual(['p1']);
    expect(found(bed, 'otters', { project: '/home/ana/a' })).toEqual(['p0']);
    expect(found(bed, 'otters', { hasCode: true })).toEqual(['p1']);
    expect(found(bed, 'otters', { to: FIRST_DAY + DAY_MS / 2 })).toEqual(['p0']);
    expect(found(bed, 'otters', { from: FIRST_DAY + DAY_MS / 2 })).toEqual(['p1']);
    expect(found(bed, 'otters', { agent: 'claude-code' })).toEqual(['p1', 'p0']);
    expect(found(bed, 'otters', { tool: 'Bash' })).toEqual([]);
    expect(found(bed, '', { hasCode: true })).toEqual(['p1']);
    expect(found(bed, '')).toEqual([]);
  });

  it('finds the tool that was used', () => {
    using bed = new StoreBed();
    bed.saveLines('projects/-p/00000000-0000-4000-8000-000000000001.jsonl', [
      promptLine('p1', 'Say it'),
      toolLine('a1', 'p1', 't1'),
    ]);

    expect(found(bed, 'say', { tool: 'Bash' })).toEqual(['p1']);
    expect(found(bed, 'say', { tool: 'Read' })).toEqual([]);
  });

  it('ranks what says it in the prompt above what mentions it', () => {
    using bed = new StoreBed();
    tell(bed, [
      { prompt: 'otters otters', answer: 'otters' },
      { prompt: 'Something else', answer: `Long ${'words '.repeat(200)} and otters` },
    ]);

    expect(found(bed, 'otters', { order: 'newest' })).toEqual(['p1', 'p0']);
    expect(found(bed, 'otters', { order: 'rank' })).toEqual(['p0', 'p1']);
  });

  it('finds parts of words: code, and languages without spaces', () => {
    using bed = new StoreBed();
    tell(bed, [
      { prompt: 'Why does useFileWatcher() leak?', answer: 'See fs.watch(path)->close.' },
      { prompt: '東京の天気を教えてください', answer: '晴れです。' },
    ]);

    expect(found(bed, 'FileWatch')).toEqual(['p0']);
    expect(found(bed, 'watch(path)->')).toEqual(['p0']);
    expect(found(bed, '天気を')).toEqual(['p1']);
    expect(found(bed, 'FileWatch', { role: 'answer' })).toEqual([]);
    expect(bed.search('天気を教')[0]?.snippet).toBe(`東京の${HIT_START}天気を教${HIT_END}えてください`);
  });

  it('forgets parts of what an exchange no longer says', () => {
    using bed = new StoreBed();
    tell(bed, [{ prompt: 'abcdefgh', answer: 'one' }]);
    bed.database.prepare(`UPDATE exchange SET prompt = 'xyz', change_seq = change_seq + 100`).run();
    const parts = new SubstringIndex(bed.database);

    expect(parts.behind).toBe(1);
    expect(parts.follow(10)).toBe(1);
    expect(parts.behind).toBe(0);
    expect(bed.database.prepare(`SELECT rowid FROM exchange_substring('"cde"')`).all()).toEqual([]);
  });

  it('finds every piece of three characters and more that was said', () => {
    using bed = new StoreBed();
    const text = 'Grüße an alle: fn(x) => x²; 「引用」 naïve façade, C:\\temp\\x.txt';
    tell(bed, [{ prompt: text, answer: 'ok' }]);
    const characters = [...text];

    fc.assert(
      fc.property(fc.nat(characters.length - 4), fc.integer({ min: 3, max: 12 }), (at, length) => {
        const piece = characters.slice(at, at + length).join('');
        fc.pre(piece === piece.trim() && !piece.startsWith('-') && !piece.endsWith('*') && [...piece].length >= 3);
        expect(found(bed, `"${piece}"`)).toEqual(['p0']);
      }),
      { numRuns: 200 },
    );
  });

  it('gives each exchange of one second an id of its own', () => {
    using bed = new StoreBed();
    tell(
      bed,
      Array.from({ length: 150 }, () => ({ prompt: 'same second', answer: 'x', day: 0 })),
    );

    expect(bed.search('second', 500)).toHaveLength(150);
    expect(new Set(bed.search('second', 500).map((hit) => hit.cursor)).size).toBe(150);
  });
});
