import { describe, expect, it } from 'vitest';
import { parseServerRecord, type ServerRecord } from './server-record.ts';

const RECORD: ServerRecord = {
  pid: 71,
  executable: '/usr/bin/redis-server',
  startTime: 'boot:12',
  runId: '0c1d',
  listen: { kind: 'tcp', port: 7001 },
  directory: '/data',
  configDigest: 'abc',
};

describe('parseServerRecord', () => {
  it('reads what was written', () => {
    expect(parseServerRecord(JSON.stringify(RECORD))).toEqual(RECORD);
    expect(parseServerRecord(JSON.stringify({ ...RECORD, runId: null }))).toEqual({ ...RECORD, runId: null });
  });

  it.each([
    ['nothing', ''],
    ['half of it', JSON.stringify(RECORD).slice(0, 60)],
    ['a list', '[]'],
    ['process 1', JSON.stringify({ ...RECORD, pid: 1 })],
    ['a process group', JSON.stringify({ ...RECORD, pid: -71 })],
    ['a broken number', JSON.stringify({ ...RECORD, pid: 7.5 })],
    ['no start time', JSON.stringify({ ...RECORD, startTime: undefined })],
    ['no address', JSON.stringify({ ...RECORD, listen: { kind: 'socket' } })],
  ])('concludes nothing from %s', (_, text) => {
    expect(parseServerRecord(text)).toBeNull();
  });
});
