import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Segment } from '../../../shared/segment.ts';
import { decodeSegment, encodeSegment } from './segment-codec.ts';
import { segmentAt } from './test-support/segments.ts';

const segments: fc.Arbitrary<Segment> = fc
  .record({
    archivePath: fc.string({ minLength: 1, unit: 'binary' }),
    kind: fc.constantFrom('lines', 'tail', 'blob'),
    start: fc.nat({ max: 10 ** 12 }),
    length: fc.nat({ max: 10 ** 9 }),
    sha256: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
  })
  .map(({ length, ...rest }) => ({ ...rest, end: rest.start + length }));

/** The fields of a segment with some of them changed or, for null, left out. */
function fieldsWith(change: Readonly<Record<string, string | null>>): string[] {
  const fields = encodeSegment(segmentAt(3));
  const kept: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = name in change ? change[name] : fields[i + 1];
    if (typeof value === 'string') kept.push(name, value);
  }
  return kept;
}

describe('decodeSegment', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(segments, (segment) => {
        expect(decodeSegment(encodeSegment(segment))).toEqual(segment);
      }),
    );
  });

  it('does not mind fields of a newer version, nor another order', () => {
    const fields = encodeSegment(segmentAt(3));
    const pairs = Array.from({ length: fields.length / 2 }, (_, index) => fields.slice(index * 2, index * 2 + 2));

    expect(decodeSegment(['later', 'x', ...pairs.reverse().flat()])).toEqual(segmentAt(3));
  });

  it('gives null for anything else', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (fields) => {
        expect(decodeSegment(fields)).toBeNull();
      }),
    );
  });

  it.each([
    ['no fields', { v: null, path: null, kind: null, start: null, end: null, sha256: null }],
    ['another version', { v: '2' }],
    ['no path', { path: null }],
    ['an empty path', { path: '' }],
    ['an unknown kind', { kind: 'line' }],
    ['a negative start', { start: '-1' }],
    ['a fraction', { start: '1.5' }],
    ['a number in another notation', { end: '1e3' }],
    ['an empty number', { start: '' }],
    ['more digits than a number holds', { end: '9'.repeat(17) }],
    ['an end before the start', { start: '300', end: '299' }],
    ['a short hash', { sha256: 'abc' }],
    ['a hash in capitals', { sha256: 'A'.repeat(64) }],
  ])('gives null for an entry with %s', (_what, change) => {
    expect(decodeSegment(fieldsWith(change))).toBeNull();
  });

  it('gives null when the last value is cut off', () => {
    expect(decodeSegment(encodeSegment(segmentAt(3)).slice(0, -1))).toBeNull();
  });
});
