import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

function split(bytes: Buffer, cuts: readonly number[], limit = 1000) {
  const splitter = new LineSplitter(0, limit);
  const lines: { start: number; end: number; text: string | null }[] = [];
  const bounds = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (let i = 1; i < bounds.length; i += 1) {
    const chunk = Buffer.from(bytes.subarray(bounds[i - 1], bounds[i]));
    for (const line of splitter.push(chunk)) {
      lines.push({ start: line.start, end: line.end, text: line.bytes?.toString('latin1') ?? null });
    }
    // What was yielded before must not depend on memory that the caller reuses.
    chunk.fill(0x21);
  }
  return { lines, rest: splitter.rest, restText: splitter.restBytes()?.toString('latin1') ?? null };
}

describe('LineSplitter', () => {
  it('ends lines at 0x0A alone', () => {
    const bytes = Buffer.from('a\rb\u2028c\u0085\n\nd');

    expect(split(bytes, []).lines.map((line) => line.text)).toEqual([
      Buffer.from('a\rb\u2028c\u0085').toString('latin1'),
      '',
    ]);
  });

  it('gives the same lines whatever the chunking', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0x0a, 0x61, 0xc3, 0xa9, 0x00), { maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (content, cuts) => {
          const bytes = Buffer.from(content);

          expect(split(bytes, cuts, 5)).toEqual(split(bytes, [], 5));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reports an over-long line by its range and goes on after it', () => {
    const bytes = Buffer.from(`short\n${'x'.repeat(50)}\nnext\n`);

    expect(split(bytes, [10, 20, 30], 20).lines).toEqual([
      { start: 0, end: 6, text: 'short' },
      { start: 6, end: 57, text: null },
      { start: 57, end: 62, text: 'next' },
    ]);
  });

  it('holds nothing of an over-long rest', () => {
    const result = split(Buffer.from('y'.repeat(50)), [10, 20], 20);

    expect(result.rest).toEqual({ start: 0, end: 50 });
    expect(result.restText).toBeNull();
  });
});
