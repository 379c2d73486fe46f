import { describe, expect, it } from 'vitest';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import { expectClean } from '../support/proof.ts';
import { OwnRedis } from '../support/redis-server.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Workplace } from '../support/workplace.ts';

const LIMIT_BYTES = 8_388_608;
const SESSION = idOf('before');
const MB = 1_000_000;

/** Somebody else's data takes more than all the memory that this Redis may use. */
async function fillMemory(redis: OwnRedis): Promise<void> {
  await redis.admin.set('filler', 'x'.repeat(LIMIT_BYTES));
  await redis.admin.config('SET', 'maxmemory-policy', 'noeviction');
  await redis.admin.config('SET', 'maxmemory', LIMIT_BYTES);
}

describe('a Redis without memory', () => {
  it('makes the producer pause: everything is archived, and saved within seconds when there is some again', async () => {
    await using place = await Workplace.make();
    await using redis = await OwnRedis.start(place.root);
    const holdfast = await place.start({ env: { HOLDFAST_REDIS_URL: redis.url } });
    append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'before')]));
    await holdfast.waitForExchanges(1);

    await fillMemory(redis);
    const [from, lines] = [performance.now(), (await place.logLines()).length];
    makeTranscripts({ directory: place.claude, mb: 12, files: 24, seed: 7 });
    const status = await holdfast.waitForStatus(({ archive }) => archive.bytes > 11 * MB, 'all is archived', 60_000);
    await waitUntil(
      () => performance.now() - from,
      (ms) => ms > 8000,
      'some tries',
    );
    const stalled = await holdfast.status();
    const logged = (await place.logLines()).length - lines;
    await redis.admin.flushall();

    expect(status).toMatchObject({ archive: { health: { state: 'healthy' } }, safety: { archiveCurrent: true } });
    expect(stalled.safety.allSaved).toBe(false);
    expect(logged).toBeLessThan((performance.now() - from) / 1000);
    await holdfast.waitForStatus(({ store }) => store.records > stalled.store.records, 'saving goes on', 5000);
    const expected = expectedExchanges(place.claude);
    const main = [...expected.values()].filter((exchange) => !exchange.is_subagent);
    await holdfast.waitForExchanges(main.length, 60_000);
    expectClean(await holdfast.verify());
    expectSame(expected, await place.export());
    expect(await holdfast.stop()).toBe(0);
  });
});
