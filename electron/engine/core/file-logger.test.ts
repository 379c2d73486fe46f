import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from './clock.ts';
import { FileLogger } from './file-logger.ts';

describe('FileLogger', () => {
  let root = '';
  let directory = '';
  let elapsed = 0;
  const clock: Clock = { ...systemClock, now: () => 1_700_000_000_000 + elapsed, monotonic: () => elapsed };

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'holdfast-log-'));
    directory = path.join(root, 'logs');
    elapsed = 0;
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  async function lines(): Promise<readonly Record<string, unknown>[]> {
    const text = await readFile(path.join(directory, 'holdfast.log'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  it('writes one JSON object a line, with time, level, part and fields', async () => {
    const logger = new FileLogger({ directory, clock });

    logger.info('engine started', { port: 4545 });
    logger.child('capture').child('tailer').error('transcript could not be read', { code: 'TRANSCRIPT_UNREADABLE' });
    await logger.close();

    expect(await lines()).toEqual([
      { level: 'info', time: '2023-11-14T22:13:20.000Z', port: 4545, message: 'engine started' },
      {
        level: 'error',
        time: '2023-11-14T22:13:20.000Z',
        part: 'capture.tailer',
        code: 'TRANSCRIPT_UNREADABLE',
        message: 'transcript could not be read',
      },
    ]);
  });

  it('is readable by its owner only', async () => {
    const logger = new FileLogger({ directory, clock });

    logger.info('engine started');
    await logger.close();

    const mode = (await stat(path.join(directory, 'holdfast.log'))).mode & 0o077;
    expect(mode).toBe(process.platform === 'win32' ? mode : 0);
  });

  it('leaves out what is below its level', async () => {
    const logger = new FileLogger({ directory, clock, level: 'warn' });

    logger.debug('ignored');
    logger.info('ignored');
    logger.warn('kept');
    await logger.close();

    expect((await lines()).map((line) => line['message'])).toEqual(['kept']);
  });

  it('writes a repeated error five times, then once a second with the number left out', async () => {
    const logger = new FileLogger({ directory, clock });

    for (let n = 0; n < 100; n += 1) logger.error('save failed', { code: 'STORE_BUSY', n });
    elapsed = 1000;
    logger.error('save failed', { code: 'STORE_BUSY', n: 100 });
    logger.error('save failed', { code: 'STORE_FULL', n: 101 });
    await logger.close();

    const written = await lines();
    expect(written.map((line) => line['n'])).toEqual([0, 1, 2, 3, 4, 100, 101]);
    expect(written[5]).toMatchObject({ leftOut: 95 });
  });

  it('says at the end what was left out since', async () => {
    const logger = new FileLogger({ directory, clock });

    for (let n = 0; n < 7; n += 1) logger.warn('retried');
    await logger.close();

    expect((await lines()).at(-1)).toMatchObject({ message: 'repeated lines were left out', leftOut: 2 });
  });

  it('keeps five old files', async () => {
    const logger = new FileLogger({ directory, clock, rotateAtKib: 1 });

    for (let n = 0; n < 100; n += 1) {
      elapsed += 1000;
      logger.info('noted', { n, filling: 'x'.repeat(200) });
    }
    await logger.close();

    const names = (await readdir(directory)).toSorted();
    expect(names).toEqual(['holdfast.log', ...[1, 2, 3, 4, 5].map((n) => `holdfast.log.${String(n)}`)]);
  });

  it('survives a folder that cannot be made, and closes', async () => {
    await writeFile(directory, 'a file in the way');
    const logger = new FileLogger({ directory, clock });

    logger.error('lost');
    await logger.close();
    await logger.close();
    logger.error('after the end');

    expect(await readFile(directory, 'utf8')).toBe('a file in the way');
  });

  it('goes on when the log becomes writable again, and counts what was lost', async () => {
    await writeFile(directory, 'a file in the way');
    const logger = new FileLogger({ directory, clock });
    logger.error('lost');
    logger.error('lost too');

    await rm(directory);
    elapsed = 10_000;
    logger.error('written');
    await logger.close();

    expect(await lines()).toMatchObject([{ message: 'log lines were lost', count: 2 }, { message: 'written' }]);
  });
});
