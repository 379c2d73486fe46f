import { describe, expect, it } from 'vitest';
import { factsFromInfo, parseInfo } from './server-facts.ts';

const NOW = 1_795_370_000_000;
const INFO = [
  '# Server',
  'redis_version:7.0.15',
  'uptime_in_seconds:100',
  '',
  'used_memory:482920',
  'maxmemory_policy:noeviction',
  'aof_enabled:1',
  'aof_last_write_status:ok',
  'aof_last_bgrewrite_status:ok',
  'rdb_last_save_time:1795369950',
  'executable:/a:b',
].join('\r\n');

describe('factsFromInfo', () => {
  it('gives what the server says', () => {
    expect(parseInfo(INFO).get('executable')).toBe('/a:b');
    expect(factsFromInfo(parseInfo(INFO), NOW)).toEqual({
      version: '7.0.15',
      memoryBytes: 482_920,
      aof: 'ok',
      evictionPolicy: 'noeviction',
      lastSaveAt: 1_795_369_950_000,
    });
  });

  it.each([
    ['aof_last_write_status:ok', 'aof_last_write_status:err', { aof: 'error' }],
    ['aof_last_bgrewrite_status:ok', 'aof_last_bgrewrite_status:err', { aof: 'error' }],
    ['aof_enabled:1', 'aof_enabled:0', { aof: 'off' }],
    ['rdb_last_save_time:1795369950', 'rdb_last_save_time:1795369900', { lastSaveAt: null }],
    ['used_memory:482920', 'used_memory:', { memoryBytes: null }],
    ['maxmemory_policy:noeviction', '', { evictionPolicy: null }],
  ])('makes of %s -> %s what it means', (from, to, expected) => {
    expect(factsFromInfo(parseInfo(INFO.replace(from, to)), NOW)).toMatchObject(expected);
  });

  it('knows nothing when it is told nothing', () => {
    expect(factsFromInfo(parseInfo(null), NOW)).toMatchObject({ memoryBytes: null, aof: 'off', lastSaveAt: null });
  });
});
