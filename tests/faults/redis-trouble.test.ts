import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import { isAlive } from '../support/child-process.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { GROUP, OwnRedis, STREAM } from '../support/redis-server.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

const TRANSCRIPTS = { mb: 12, files: 24, seed: 7 };
const SESSION = idOf('goes on');

/** Everything generated is saved, and what is written from now on as well. */
async function expectWhole(place: Workplace, holdfast: Headless): Promise<void> {
  append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, `after ${String(performance.now())}`)]));
  const expected = expectedExchanges(place.claude);
  const main = [...expected.values()].filter((exchange) => !exchange.is_subagent);
  await holdfast.waitForExchanges(main.length, 60_000);
  expectClean(await holdfast.verify());
  expectSame(expected, await place.export());
}

function aofFiles(place: Workplace): readonly string[] {
  const folder = path.join(place.home, 'redis', 'data', 'appendonlydir');
  return readdirSync(folder).map((name) => path.join(folder, name));
}

/** Kills Holdfast and its Redis in the middle of an import, so that the queue holds what was not saved. */
async function killMidway(place: Workplace): Promise<void> {
  const holdfast = await place.start();
  await holdfast.waitForStatus(({ store, archive }) => archive.bytes > 0 || store.records > 0, 'the import has begun');
  const redis = await place.redisPid();
  await holdfast.kill();
  if (redis !== null && isAlive(redis)) process.kill(redis, 'SIGKILL');
  await place.waitForNoProcess();
}

const DAMAGES: readonly (readonly [name: string, damage: (files: readonly string[]) => void])[] = [
  [
    'cut off at its end',
    (files) => {
      const file = logOf(files);
      truncateSync(file, Math.max(0, statSync(file).size - 137));
    },
  ],
  [
    'overwritten in its middle',
    (files) => {
      const file = logOf(files);
      const fd = openSync(file, 'r+');
      writeSync(fd, Buffer.alloc(64, 0xa5), 0, 64, Math.floor(statSync(file).size / 2));
      closeSync(fd);
    },
  ],
  ['without its manifest', (files) => rmSync(files.find((file) => file.endsWith('.manifest')) ?? '')],
  [
    // Redis loads this without complaint: its commands carry no checksum.
    'with one bit flipped in an entry',
    (files) => {
      const file = logOf(files);
      const bytes = readFileSync(file);
      const at = bytes.lastIndexOf('.jsonl');
      expect(at).toBeGreaterThan(0);
      const fd = openSync(file, 'r+');
      writeSync(fd, Buffer.from([bytes.readUInt8(at - 1) ^ 1]), 0, 1, at - 1);
      closeSync(fd);
    },
  ],
  ['gone', (files) => files.forEach((file) => rmSync(file))],
  ['gone with everything else of Redis', ([file = '']) => rmSync(path.resolve(file, '../../..'), { recursive: true })],
];

function logOf(files: readonly string[]): string {
  const log = files.find((file) => file.endsWith('.incr.aof'));
  if (log === undefined) throw new Error(`no append-only file among ${files.join(', ')}`);
  return log;
}

describe('the append-only file of Redis, damaged between two runs', () => {
  it.each(DAMAGES)('%s: nothing is lost and nobody has to do anything', async (name, damage) => {
    await using place = await Workplace.make();
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    await killMidway(place);

    damage(aofFiles(place));
    const since = performance.now();
    const holdfast = await place.start();
    const ready = performance.now() - since;

    await expectWhole(place, holdfast);
    console.log(
      `${name}: recording after ${ready.toFixed(0)} ms, proven after ${(performance.now() - since).toFixed(0)} ms`,
    );
    expect(await holdfast.status()).toMatchObject({ queue: { mode: 'redis', server: { aof: 'ok' } } });
    expect(await holdfast.stop()).toBe(0);
  });
});

describe('a Redis that hangs', () => {
  it('is replaced, and nothing is lost', async () => {
    await using place = await Workplace.make();
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const holdfast = await place.start();
    const hung = await place.redisPid();
    expect(hung).not.toBeNull();

    process.kill(hung ?? 0, 'SIGSTOP');

    await holdfast.waitForStatus(({ queue }) => queue.server.restarts > 0, 'the hung one is replaced', 60_000);
    await expectWhole(place, holdfast);
    expect(isAlive(hung ?? 0)).toBe(false);
    expect(await place.redisPid()).not.toBe(hung);
  });
});

const HARMS: readonly (readonly [name: string, harm: (redis: OwnRedis) => Promise<unknown>])[] = [
  ['emptied with FLUSHALL', (redis) => redis.admin.flushall()],
  ['left without its group', (redis) => redis.admin.xgroup('DESTROY', STREAM, GROUP)],
  ['trimmed under its readers', (redis) => redis.admin.xtrim(STREAM, 'MAXLEN', 0)],
];

describe('a stream that somebody else', () => {
  it.each(HARMS)('%s, in the middle of an import and when all is quiet', async (_name, harm) => {
    await using place = await Workplace.make();
    await using redis = await OwnRedis.start(place.root);
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    // What the stream has lost without a word is found by the reconcile.
    mkdirSync(place.home, { mode: 0o700 });
    writeFileSync(path.join(place.home, 'settings.json'), '{ "capture": { "reconcileSeconds": 10 } }');
    const holdfast = await place.start({ env: { HOLDFAST_REDIS_URL: redis.url } });
    await holdfast.waitForStatus(({ archive }) => archive.bytes > 0, 'the import has begun');

    await harm(redis);
    await expectWhole(place, holdfast);
    await harm(redis);
    await expectWhole(place, holdfast);

    expect(await holdfast.status()).toMatchObject({ queue: { server: { origin: 'url' } } });
    expect(await holdfast.stop()).toBe(0);
  });
});
