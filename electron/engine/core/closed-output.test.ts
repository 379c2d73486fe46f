import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { tolerateClosedOutput } from './closed-output.ts';

describe('tolerateClosedOutput', () => {
  it('goes on when the reader of the output is gone', () => {
    const stream = new EventEmitter();
    tolerateClosedOutput([stream]);

    expect(() => stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).not.toThrow();
  });

  it('lets any other failure end the program', () => {
    const stream = new EventEmitter();
    tolerateClosedOutput([stream]);

    expect(() => stream.emit('error', new Error('a bug'))).toThrow('a bug');
  });
});
