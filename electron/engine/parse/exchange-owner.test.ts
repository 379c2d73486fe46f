import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preferredOwner } from './exchange-owner.ts';

describe('the owner of a shared exchange', () => {
  it('is the session with the earliest prompt, where copies are stamped anew', () => {
    const original = { sessionId: 'z', promptAt: 100, ownSince: 900 };

    expect(preferredOwner([{ sessionId: 'a', promptAt: 500, ownSince: 500 }, original])).toBe(original);
  });

  it('is the session with the oldest lines of its own, where copies keep the time', () => {
    const original = { sessionId: 'z', promptAt: 100, ownSince: 99 };

    expect(preferredOwner([{ sessionId: 'a', promptAt: 100, ownSince: 400 }, original])).toBe(original);
  });

  it('is the session that is nothing but the shared past', () => {
    const original = { sessionId: 'z', promptAt: 100, ownSince: null };

    expect(preferredOwner([{ sessionId: 'a', promptAt: 100, ownSince: 400 }, original])).toBe(original);
  });

  it('does not depend on the order in which sessions are found', () => {
    const time = fc.option(fc.integer({ min: 0, max: 3 }), { nil: null });
    const candidate = fc.record({ sessionId: fc.string({ maxLength: 2 }), promptAt: time, ownSince: time });
    const shuffled = fc
      .array(candidate, { minLength: 1, maxLength: 6 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));

    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(preferredOwner(other)).toEqual(preferredOwner(list));
      }),
    );
  });

  it('is nobody where no session holds it', () => {
    expect(preferredOwner([])).toBeNull();
  });
});
