/**
 * Process: reads the journal of the writers and compares it with archive, store and queue, until all is well or the time is up.
 * Argument: JSON of {@link options}. Tells its parent one {@link Verdict}.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { GROUP, STREAM } from '../../support/redis-server.ts';
import { archivedFiles } from './archived-bytes.ts';
import { EpochPlace } from './epoch-place.ts';
import { readJournal } from './journal.ts';
import { isClean, judge, type Judgement } from './judgement.ts';
import { serverAddress, type ServerAddress } from './server-address.ts';
import { StoreRows } from './store-rows.ts';
import type { Verdict } from './verdict.ts';

const options = z.object({
  root: z.string(),
  /** Holdfast runs, and has so long to come to an end with everything. */
  withinMs: z.number(),
  /** The queue's; null when Holdfast has ended. */
  server: serverAddress.nullable(),
});

const LOOK_AGAIN_MS = 500;
const ASKED_MS = 2000;

async function run(): Promise<void> {
  const { root, withinMs, server } = options.parse(JSON.parse(process.argv[2] ?? ''));
  const place = new EpochPlace(root);
  const incarnations = readJournal(place.journal);
  const until = performance.now() + withinMs;
  const look = async (): Promise<Judgement> => {
    using rows = new StoreRows(place.home, { writable: server === null });
    const judgement = judge(incarnations, archivedFiles(place.home), rows.read());
    const more = server === null ? rows.damage() : await pendingEntries(server);
    return { ...judgement, wrong: [...judgement.wrong, ...more] };
  };
  let judgement = await look();
  while (!isClean(judgement) && performance.now() < until) {
    await sleep(LOOK_AGAIN_MS);
    judgement = await look();
    // For whoever has to find out what went wrong.
    const { lost, duplicated, wrong } = judgement;
    console.log(JSON.stringify({ lost: lost.length, duplicated: duplicated.length, wrong: wrong.slice(0, 3) }));
  }
  const told: Verdict = {
    exchanges: judgement.exchanges,
    lost: [...judgement.lost],
    duplicated: [...judgement.duplicated],
    wrong: [...judgement.wrong],
  };
  process.send?.(told);
  process.disconnect();
}

/** What the queue has handed out and nobody has acknowledged. */
async function pendingEntries(server: ServerAddress): Promise<readonly string[]> {
  const redis = new Redis({
    ...server,
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: ASKED_MS,
    commandTimeout: ASKED_MS,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const [count] = z.tuple([z.number()], z.unknown()).parse(await redis.xpending(STREAM, GROUP));
    return count === 0 ? [] : [`${String(count)} entries of the queue are not acknowledged`];
  } catch (error) {
    return [`the queue cannot be asked: ${String(error)}`];
  } finally {
    redis.disconnect();
  }
}

await run();
