import { describe, expect, it } from 'vitest';
import { BypassSegmentQueue } from './bypass-segment-queue.ts';
import { segmentsFrom } from './test-support/segments.ts';

const NEVER = new AbortController().signal;

describe('BypassSegmentQueue', () => {
  it('tells after it was closed that what it held is not known to be there', async () => {
    const queue = new BypassSegmentQueue(() => 0);
    await queue.open();
    await queue.append(segmentsFrom(0, 2));

    await queue.close();

    expect(await queue.open()).toBe(true);
    expect(await queue.read(10, 0, NEVER)).toEqual([]);
  });

  it('leaves no listener behind after reads that waited in vain', async () => {
    const queue = new BypassSegmentQueue(() => 0);
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', listen);

    for (let i = 0; i < 20; i += 1) await queue.read(1, 1, NEVER);
    await new Promise(setImmediate);
    process.off('warning', listen);

    expect(warnings).toEqual([]);
  });
});
