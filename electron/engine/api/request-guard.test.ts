import { describe, expect, it } from 'vitest';
import { hasToken, isAddressedToUs, isBarredForWindow } from './request-guard.ts';

describe('isAddressedToUs', () => {
  it.each([
    ['127.0.0.1:4545', undefined],
    ['localhost:4545', undefined],
    ['LOCALHOST:4545', 'http://localhost:4545'],
    ['127.0.0.1:4545', 'http://127.0.0.1:4545'],
  ])('takes host %s with origin %s', (host, origin) => {
    expect(isAddressedToUs(host, origin, 4545)).toBe(true);
  });

  it.each([
    [undefined, undefined],
    ['127.0.0.1', undefined],
    ['127.0.0.1:4546', undefined],
    ['evil.example:4545', undefined],
    ['127.0.0.1:4545.evil.example', undefined],
    ['127.0.0.1:4545', 'null'],
    ['127.0.0.1:4545', ''],
    ['127.0.0.1:4545', 'https://127.0.0.1:4545'],
    ['127.0.0.1:4545', 'http://evil.example'],
    ['127.0.0.1:4545', 'http://127.0.0.1:4545.evil.example'],
  ])('refuses host %s with origin %s', (host, origin) => {
    expect(isAddressedToUs(host, origin, 4545)).toBe(false);
  });

  it('takes a host without port on port 80 only', () => {
    expect(isAddressedToUs('localhost', 'http://localhost', 80)).toBe(true);
    expect(isAddressedToUs('localhost', undefined, 4545)).toBe(false);
  });
});

describe('hasToken', () => {
  it('takes the whole token as a bearer, and nothing else', () => {
    expect(hasToken('Bearer abc123', 'abc123')).toBe(true);
    expect(hasToken('bearer abc123', 'abc123')).toBe(true);
    for (const wrong of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'abc123',
      'Basic abc123',
      'Bearer abc12',
      'Bearer abc1234',
    ]) {
      expect(hasToken(wrong, 'abc123')).toBe(false);
    }
  });
});

describe('isBarredForWindow', () => {
  it('bars what is for the command line, and every path', () => {
    expect(isBarredForWindow('exchanges.page', {})).toBe(true);
    expect(isBarredForWindow('jobs.start', { kind: 'import', paths: ['/etc'] })).toBe(true);
    expect(isBarredForWindow('jobs.start', { kind: 'rebuild' })).toBe(true);
    expect(isBarredForWindow('jobs.start', { kind: 'backup-restore', name: 'x' })).toBe(true);
    expect(isBarredForWindow('jobs.start', { kind: 'restore', session: 's', to: '/etc' })).toBe(true);
  });

  it('lets the window do its work', () => {
    expect(isBarredForWindow('status.get', {})).toBe(false);
    expect(isBarredForWindow('jobs.start', { kind: 'import', paths: [] })).toBe(false);
    expect(isBarredForWindow('jobs.start', { kind: 'resync' })).toBe(false);
    expect(isBarredForWindow('jobs.start', { kind: 'restore', session: 's', to: null })).toBe(false);
    expect(isBarredForWindow('jobs.start', null)).toBe(false);
  });
});
