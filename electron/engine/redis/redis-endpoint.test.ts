import { describe, expect, it } from 'vitest';
import { describeEndpoint, parseRedisUrl } from './redis-endpoint.ts';

describe('parseRedisUrl', () => {
  it.each([
    [
      'redis://localhost',
      { kind: 'tcp', host: 'localhost', port: 6379, tls: false, username: null, password: null, database: 0 },
    ],
    [
      'valkey://:secret@h:7000/2',
      { kind: 'tcp', host: 'h', port: 7000, tls: false, username: null, password: 'secret', database: 2 },
    ],
    [
      'rediss://app:p%40ss@[::1]:7000',
      { kind: 'tcp', host: '::1', port: 7000, tls: true, username: 'app', password: 'p@ss', database: 0 },
    ],
    [
      'unix:///run/redis%20x.sock?db=1',
      { kind: 'socket', path: '/run/redis x.sock', username: null, password: null, database: 1 },
    ],
  ])('reads %s', (text, endpoint) => {
    expect(parseRedisUrl(text)).toEqual(endpoint);
  });

  it.each([
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis://h/abc',
    'unix://',
    'redis://h:99999',
    'redis://%zz@h',
  ])('refuses %s', (text) => {
    expect(() => parseRedisUrl(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('does not repeat a password in the error', () => {
    expect(() => parseRedisUrl('http://app:hunter2@h')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });
});

describe('describeEndpoint', () => {
  it('leaves the secrets out', () => {
    expect(describeEndpoint(parseRedisUrl('rediss://app:hunter2@[::1]:7000/1'))).toBe('rediss://[::1]:7000');
    expect(describeEndpoint(parseRedisUrl('unix://app:hunter2@localhost/run/r.sock'))).toBe('/run/r.sock');
  });
});
