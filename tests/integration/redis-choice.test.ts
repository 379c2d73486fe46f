import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyProgramWithoutRedis } from '../../bench/program-copy.ts';
import { expectFixtureExported } from '../support/fixture-truth.ts';
import { expectClean } from '../support/proof.ts';
import { OwnRedis } from '../support/redis-server.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { Workplace } from '../support/workplace.ts';

const FIXTURE_EXCHANGES = 67;

describe('without any Redis', () => {
  it('records straight into the database, shows that in amber and says why', async () => {
    await using place = await Workplace.withFixture();
    const program = copyProgramWithoutRedis(path.join(place.root, 'program'));
    const env = { PATH: path.join(place.root, 'nothing-here') };
    const session = idOf('bypassed');

    const holdfast = await place.start({ program, env });
    append(sessionFile(place.projects, session), textOf([smallExchange(session, 'bypassed')]));
    await holdfast.waitForExchanges(FIXTURE_EXCHANGES + 1);

    const status = await holdfast.waitForStatus(({ overall }) => overall === 'warn', 'amber');
    expect(status.queue).toMatchObject({ mode: 'bypass', health: { state: 'degraded', reason: 'REDIS_BYPASSED' } });
    expect((await place.cli(['status'])).stdout).toMatch(/Redis could not be started.*bypass/s);
    const health = await place.cli(['health']);
    expect(health.code).toBe(0);
    expect(health.stdout).toMatch(/WARN\s+redis\b.*Redis does not run/);
    expectClean(await place.verify());
    const exported = await place.export();
    expectFixtureExported(exported.filter(({ session_id: id }) => id !== session));
    expect(exported.map(({ prompt }) => prompt)).toContain('Prompt bypassed');
    expect(readdirSync(place.home)).not.toContain('redis/run/r.sock');
  });
});

describe('with a Redis that HOLDFAST_REDIS_URL names', () => {
  it('uses it, starts none, and leaves it running', async () => {
    await using place = await Workplace.withFixture();
    await using redis = await OwnRedis.start(place.root);
    const holdfast = await place.start({ env: { HOLDFAST_REDIS_URL: redis.url } });

    const status = await holdfast.waitForExchanges(FIXTURE_EXCHANGES);

    expect(status.queue).toMatchObject({ mode: 'redis', server: { origin: 'url' } });
    expect(await redis.length()).toBeGreaterThan(0);
    expect(await place.redisPid()).toBeNull();
    expectClean(await place.verify());
    expectFixtureExported(await place.export());
    expect(await holdfast.stop()).toBe(0);
    expect(await redis.admin.ping()).toBe('PONG');
  });
});
