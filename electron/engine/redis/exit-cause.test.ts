import { describe, expect, it } from 'vitest';
import { describeExit, exitCause } from './exit-cause.ts';

const HEAD = '19937:M 22 Nov 2026 18:00:02.361 # ';

describe('exitCause', () => {
  it.each([
    ['data-damaged', 'Bad file format reading the append only file appendonly.aof.2.incr.aof: make a backup of'],
    ['data-damaged', 'Unable to obtain the AOF file appendonly.aof.2.base.rdb length. stat: No such file or directory'],
    ['data-damaged', '\n*** FATAL AOF MANIFEST FILE ERROR ***\n'],
    [
      'data-damaged',
      'Internal error in RDB reading offset 0, function at rdb.c:2355 -> Stream listpacks loading failed.',
    ],
    [
      'port-taken',
      'Warning: Could not create server TCP listening socket 127.0.0.1:7000: bind: Address already in use',
    ],
    ['socket-unusable', 'Failed opening Unix socket: bind: Operation not permitted'],
    ['unknown', 'Out Of Memory allocating 4096 bytes!'],
  ])('is %s when the server wrote "%s"', (cause, message) => {
    expect(exitCause({ code: 1, signal: null, log: `${HEAD}Server initialized\n${HEAD}${message}\n` })).toBe(cause);
  });
});

describe('describeExit', () => {
  it('gives the last line without the time and the process', () => {
    const exit = { code: 1, signal: null, log: `${HEAD}Server initialized\n${HEAD}Cannot open the log\n` };

    expect(describeExit(exit)).toBe('Redis ended with code 1: Cannot open the log');
  });

  it('names the signal, or the code alone', () => {
    expect(describeExit({ code: null, signal: 'SIGKILL', log: 'x' })).toBe('Redis was ended by SIGKILL.');
    expect(describeExit({ code: 3, signal: null, log: '' })).toBe('Redis ended with code 3.');
  });
});
