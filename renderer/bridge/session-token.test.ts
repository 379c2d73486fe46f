import { describe, expect, it } from 'vitest';
import { forgetToken, takeToken } from './session-token.ts';
import type { TokenPlace } from './session-token.ts';

function place(hash: string): TokenPlace & { readonly addresses: readonly string[] } {
  const stored = new Map<string, string>();
  const addresses: string[] = [];
  return {
    addresses,
    location: { hash, pathname: '/', search: '?a=1' },
    history: { replaceState: (_state, _title, url) => addresses.push(url) },
    sessionStorage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => stored.set(key, value),
      removeItem: (key) => stored.delete(key),
    },
  };
}

describe('takeToken', () => {
  it('moves the token from the address bar to the session', () => {
    const page = place('#token=s3cret');

    expect(takeToken(page)).toBe('s3cret');
    expect(page.addresses).toEqual(['/?a=1']);
    expect(page.sessionStorage.getItem('holdfast.token')).toBe('s3cret');
  });

  it('leaves the fragment of a view alone', () => {
    const page = place('#health');

    expect(takeToken(page)).toBeNull();
    expect(page.addresses).toEqual([]);
  });

  it('knows nothing any more after the token was refused', () => {
    const page = place('#token=old');
    takeToken(page);

    forgetToken(page);

    expect(page.sessionStorage.getItem('holdfast.token')).toBeNull();
  });
});
