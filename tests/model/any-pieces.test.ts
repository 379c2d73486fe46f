/** However bytes are cut, and in whatever order and how often segments come, the same rows come out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../electron/engine/core/line-splitter.ts';
import { Segmenter } from '../../electron/engine/capture/segmenter.ts';
import { ClaudeCodeAdapter } from '../../electron/engine/parse/agents/claude-code.ts';
import { StoreBed } from '../../electron/engine/store/test-support/store-bed.ts';
import { meaningOf } from '../../electron/engine/store/test-support/store-state.ts';
import { answerLine, promptLine, queueLine, toolLine } from '../../electron/engine/store/test-support/transcript.ts';
import { Dice } from './dice.ts';
import { modelRuns } from './model-runs.ts';

const FILES = ['projects/-home-ana-work/one.jsonl', 'projects/-home-ana-work/two.jsonl'] as const;
const MAX_LINE_BYTES = 4096;
const adapter = new ClaudeCodeAdapter();
const [, seed = 0] = modelRuns().seeds;

/** A line of any kind: records, some of them twice or in both files, and what is none. */
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(5), fc.nat(4)).map(([exchange, step]) => Buffer.from(recordLine(exchange, step))),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('', '{"type":"us', '\u0000\u0000', '[]', '\r', '\u2028')
      .map((text) => Buffer.from(text)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(MAX_LINE_BYTES + 1, 'x')) },
);
const transcript = fc.array(line, { maxLength: 12 }).map(joined);
const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('Any pieces of any bytes', () => {
  it(`give the same lines and records (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.oneof(
          transcript,
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        ),
        cuts,
        (bytes, at) => {
          expect(recordsOf(piecesOf(bytes, at))).toEqual(recordsOf([bytes]));
        },
      ),
      { numRuns: 2000, seed },
    );
  });

  it(`give segments that hold every whole line once, in order (seed ${seed})`, () => {
    fc.assert(
      fc.property(transcript, cuts, (bytes, at) => {
        const segmenter = new Segmenter('a', 'lines', 0);
        const segments = piecesOf(bytes, at).flatMap((piece) => segmenter.push(piece) ?? []);

        const bounds = [0, ...segments.map(({ end }) => end)];
        expect(segments.map(({ start }) => start)).toEqual(bounds.slice(0, -1));
        expect(bounds.at(-1)).toBe(bytes.lastIndexOf(0x0a) + 1);
      }),
      { numRuns: 1000, seed },
    );
  });
});

describe('Segments in any order, and any of them again', () => {
  it(`give the same rows as each once and in order (seed ${seed})`, () => {
    fc.assert(
      fc.property(transcript, transcript, fc.nat(), (one, two, chance) => {
        using expected = bedWith([one, two]);
        using bed = bedWith([one, two]);
        for (const file of FILES) expected.save(...expected.segmentsOf(file));

        deliver(bed, new Dice(chance));

        expect(withoutOrder(bed)).toEqual(withoutOrder(expected));
        expect(bed.audit.duplicates()).toBe(0);
        bed.checkFullText();
      }),
      { numRuns: 25, seed },
    );
  });
});

/** Each file's segments come in any order and several times, until all that was a gap is filled. */
function deliver(bed: StoreBed, dice: Dice): void {
  // Which of two files comes first decides which of them holds a record and which repeats it.
  for (const file of FILES) {
    const segments = bed.segmentsOf(file, () => dice.roll(700));
    const size = segments.at(-1)?.segment.end ?? 0;
    for (let committed = 0; committed < size;) {
      const drawn = Array.from({ length: 1 + dice.roll(4) }, () => segments[dice.roll(segments.length)]);
      const results = bed.save(...drawn.filter((segment) => segment !== undefined)).segments;
      committed = results.at(-1)?.committed ?? committed;
      if (dice.roll(5) === 0) bed.reopen();
    }
    bed.save(...segments);
  }
}

/** All that the store says. */
function withoutOrder(bed: StoreBed): Readonly<Record<string, readonly unknown[]>> {
  return meaningOf(bed.database);
}

function bedWith(contents: readonly Buffer[]): StoreBed {
  const bed = new StoreBed({ maxLineBytes: MAX_LINE_BYTES });
  for (const [index, file] of FILES.entries()) bed.append(file, contents[index] ?? '');
  return bed;
}

function recordsOf(pieces: readonly Buffer[]): readonly unknown[] {
  const splitter = new LineSplitter(0, MAX_LINE_BYTES);
  const context = adapter.contextOf('a', FILES[0]);
  const found: unknown[] = [];
  for (const piece of pieces) {
    // The splitter promises a line's bytes until the next push; whoever pushes may use its buffer again.
    const buffer = Buffer.from(piece);
    for (const { start, end, bytes } of splitter.push(buffer)) {
      found.push([start, end, bytes === null ? 'too long' : adapter.parseLine(Buffer.from(bytes), context)]);
    }
    buffer.fill(0xff);
  }
  return [...found, splitter.rest, splitter.restBytes()?.toString('hex') ?? null];
}

function piecesOf(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const bounds = [...cuts.map((at) => at % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

function recordLine(exchange: number, step: number): string {
  const id = (at: number): string => `00000000-0000-4000-a000-${String(exchange * 10 + at).padStart(12, '0')}`;
  if (step === 0) return promptLine(id(0), `question ${exchange} ü😀`, { second: exchange * 60 });
  if (step === 4) return queueLine(`queued ${exchange}`, { second: exchange * 60 });
  const options = { second: exchange * 60 + step };
  return step === 1
    ? toolLine(id(1), id(0), `use-${exchange}`, options)
    : answerLine(id(step), id(0), `answer ${exchange}.${step}`, options);
}

function joined(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((content) => [content, Buffer.from('\n')]));
}
