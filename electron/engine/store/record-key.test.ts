import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packRecordKey } from './record-key.ts';

const hash = fc
  .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 })
  .map((hex) => `#${hex}`);

describe('packRecordKey', () => {
  it('never gives two keys the same bytes', () => {
    const key = fc.oneof(fc.uuid(), hash, fc.string({ unit: 'grapheme' }), fc.string({ minLength: 14, maxLength: 17 }));

    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(packRecordKey(a).equals(packRecordKey(b))).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  it('needs 16 bytes for a UUID', () => {
    expect(packRecordKey('6e5f63b8-2a65-4f3b-8a5c-9d1f4f0a1b2c')).toHaveLength(16);
  });
});
