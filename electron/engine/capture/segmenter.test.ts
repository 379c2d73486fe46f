import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Segment } from '../../../shared/segment.ts';
import { Segmenter } from './segmenter.ts';
import type { SourceKind } from './source-layout.ts';

const PATH = 'claude-code/claude-1/projects/p/s.jsonl';
const bytesArbitrary = fc
  .array(fc.constantFrom(0x0a, 0x0a, 0x61, 0xc3, 0xa9, 0x00, 0x0d), { maxLength: 80 })
  .map((bytes) => Buffer.from(bytes));
const cutsArbitrary = fc.array(fc.nat({ max: 80 }), { maxLength: 10 });

function cut(bytes: Buffer, kind: SourceKind, offset: number, cuts: readonly number[]) {
  const segmenter = new Segmenter(PATH, kind, offset);
  const bounds = [0, ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
  const segments: Segment[] = [];
  for (let i = 1; i < bounds.length; i += 1) {
    const chunk = Buffer.from(bytes.subarray(bounds[i - 1], bounds[i]));
    const segment = segmenter.push(chunk);
    if (segment !== null) segments.push(segment);
    // The tailer uses the same memory for the next chunk.
    chunk.fill(0x21);
  }
  return { segmenter, segments };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('Segmenter', () => {
  it('gives segments that join to everything up to the last newline, whatever the chunking', () => {
    fc.assert(
      fc.property(bytesArbitrary, cutsArbitrary, fc.nat({ max: 10 ** 10 }), (bytes, cuts, offset) => {
        const { segmenter, segments } = cut(bytes, 'lines', offset, cuts);

        let end = offset;
        for (const segment of segments) {
          const content = bytes.subarray(segment.start - offset, segment.end - offset);
          expect(segment).toMatchObject({ archivePath: PATH, kind: 'lines', start: end });
          expect(content.at(-1)).toBe(0x0a);
          expect(segment.sha256).toBe(sha256(content));
          end = segment.end;
        }
        expect(end - offset).toBe(bytes.lastIndexOf(0x0a) + 1);
        expect(segmenter.start).toBe(end);
        expect(segmenter.position).toBe(offset + bytes.length);
      }),
    );
  });

  it('gives what follows the last newline as often as it is asked for, and goes on unmoved', () => {
    fc.assert(
      fc.property(bytesArbitrary, bytesArbitrary, cutsArbitrary, (first, second, cuts) => {
        const { segmenter } = cut(first, 'lines', 0, cuts);
        const rest = first.subarray(first.lastIndexOf(0x0a) + 1);
        const expected =
          rest.length === 0
            ? null
            : {
                archivePath: PATH,
                kind: 'tail',
                start: first.length - rest.length,
                end: first.length,
                sha256: sha256(rest),
              };

        expect(segmenter.rest('tail')).toEqual(expected);
        expect(segmenter.rest('tail')).toEqual(expected);

        const whole = Buffer.concat([rest, second]);
        const next = segmenter.push(second);
        const end = second.lastIndexOf(0x0a) + 1;
        expect(next?.sha256 ?? null).toBe(end === 0 ? null : sha256(whole.subarray(0, rest.length + end)));
      }),
    );
  });

  it('never cuts a blob', () => {
    fc.assert(
      fc.property(bytesArbitrary, cutsArbitrary, (bytes, cuts) => {
        const { segmenter, segments } = cut(bytes, 'blob', 0, cuts);

        expect(segments).toEqual([]);
        expect(segmenter.rest('blob')?.sha256 ?? null).toBe(bytes.length === 0 ? null : sha256(bytes));
      }),
    );
  });
});
