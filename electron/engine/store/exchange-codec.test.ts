import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packExchange, unpackExchange } from './exchange-codec.ts';
import type { ExchangePart } from '../../../shared/exchange.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', 'a\udfff b', 'x\u0000y', '\u2028', '\n\n', ''),
);
const nullable = fc.option(fc.uuid());
const part: fc.Arbitrary<ExchangePart> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), text: anyText, messageId: nullable, record: fc.uuid() }),
  fc.record({ kind: fc.constant('thinking' as const), text: anyText, messageId: nullable, record: fc.uuid() }),
  fc.record({
    kind: fc.constant('tool' as const),
    name: fc.string(),
    summary: anyText,
    useId: nullable,
    messageId: nullable,
    record: fc.uuid(),
  }),
  fc.record({
    kind: fc.constant('tool-result' as const),
    useId: nullable,
    isError: fc.boolean(),
    sizeBytes: fc.nat(),
    record: fc.uuid(),
  }),
  fc.record({
    kind: fc.constant('notice' as const),
    notice: fc.constantFrom('compacted' as const, 'interrupted' as const),
    text: anyText,
    record: fc.uuid(),
  }),
);

describe('exchange codec', () => {
  it('gives back every exchange unaltered, lone surrogates included', () => {
    fc.assert(
      fc.property(anyText, fc.array(part, { maxLength: 12 }), (prompt, parts) => {
        expect(unpackExchange(packExchange(prompt, parts))).toEqual({ prompt, parts });
      }),
    );
  });

  it('keeps every text once', () => {
    const packed = packExchange('question', [
      { kind: 'text', text: 'unmistakable answer', messageId: 'm', record: 'r' },
      { kind: 'thinking', text: 'unmistakable thought', messageId: 'm', record: 'r' },
    ]);

    expect(packed.answer).toBe('unmistakable answer');
    expect(packed.parts).not.toContain('unmistakable');
  });
});
