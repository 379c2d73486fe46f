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
import { ownServer } from './queue-damage.ts';
import { StoreRows } from './store-rows.ts';
import type { Verdict } from './verdict.ts';

const options = z.object({
  root: z.string(),
  /** `drain`: Holdfast runs, and has so long to come to an end with it. `final`: it has ended. */
  phase: z.enum(['drain', 'final']),
  withinMs: z.number(),
});

const LOOK_AGAIN_MS = 500;

async function run(): Promise<void> {
  const { root, phase, withinMs } = options.parse(JSON.parse(process.argv[2] ?? ''));
  const place = new EpochPlace(root);
  const incarnations = readJournal(place.journal);
  const until = performance.now() + withinMs;
  const look = async (): Promise<Judgement> => {
    using rows = new StoreRows(place.home, { writable: phase === 'final' });
    const judgement = judge(incarnations, archivedFiles(place.home), rows.read());
    const more = phase === 'final' ? rows.damage() : await pendingEntries(place.home);
    return { ...judgement, wrong: [...judgement.wrong, ...more] };
  };
  let judgement = await look();
  while (!isClean(judgement) && performance.now() < until) {
    await sleep(LOOK_AGAIN_MS);
    judgement = await look();
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
async function pendingEntries(home: string): Promise<readonly string[]> {
  const redis = new Redis({ ...(await ownServer(home)), lazyConnect: true, retryStrategy: null });
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
