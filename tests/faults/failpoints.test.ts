import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../bench/transcripts/random.ts';
import { FAILPOINTS, type Failpoint } from '../../electron/engine/core/failpoint.ts';
import { MIGRATIONS } from '../../electron/engine/store/migrations/migrations.ts';
import { runToItsEnd } from '../support/doomed-holdfast.ts';
import { expectClean } from '../support/proof.ts';
import { OwnRedis, STREAM } from '../support/redis-server.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

/** Ends at each step. `npm run faults:failpoints -- --hits 50` sets it. */
const HITS = Number(process.env['HOLDFAST_FAILPOINT_ENDS'] ?? 2);
const SEED = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000);
/** A step is reached for the first time, or in the middle of live work. */
const MOST_NTH = 6;
const SESSIONS = 5;
/** Acknowledging so many entries leads to a trim; all of them were saved before. */
const REPEATED_ENTRIES = 1100;

/** One home and one Redis for all of them: each Holdfast finds what the one before it has left behind. */
class Scene {
  readonly place: Workplace;
  readonly redis: OwnRedis;
  readonly #random = new SeededRandom(SEED);
  #exchanges = 0;

  constructor(place: Workplace, redis: OwnRedis) {
    this.place = place;
    this.redis = redis;
  }

  get env(): Readonly<Record<string, string>> {
    return { HOLDFAST_REDIS_URL: this.redis.url };
  }

  get hitsFile(): string {
    return path.join(this.place.root, 'hits');
  }

  hitsAt(failpoint: Failpoint): number {
    const lines = readFileSync(this.hitsFile, 'utf8').split('\n');
    return lines.filter((line) => line === failpoint).length;
  }

  write(): void {
    const session = idOf(`session ${String(this.#exchanges % SESSIONS)}`);
    const exchange = smallExchange(session, `exchange ${String(this.#exchanges)}`, this.#exchanges);
    this.#exchanges += 1;
    append(sessionFile(this.place.projects, session), textOf([exchange]));
  }

  /** What has to be so for the step to be reached at all. @returns the highest number of times worth waiting for */
  async prepare(failpoint: Failpoint): Promise<number> {
    if (failpoint === 'in-migration') {
      for (const ending of ['', '-wal', '-shm'])
        await rm(path.join(this.place.home, `holdfast.db${ending}`), { force: true });
      return MIGRATIONS.length;
    }
    if (failpoint === 'in-backup') return 1;
    if (failpoint !== 'in-trim') return MOST_NTH;
    const [entry] = await this.redis.admin.xrange(STREAM, '-', '+', 'COUNT', 1);
    const pipeline = this.redis.admin.pipeline();
    for (let i = 0; i < REPEATED_ENTRIES; i += 1) pipeline.xadd(STREAM, '*', ...(entry?.[1] ?? []));
    await pipeline.exec();
    return 1;
  }

  /** @returns how it ended */
  async endAt(failpoint: Failpoint): Promise<string> {
    const most = await this.prepare(failpoint);
    return runToItsEnd(this.place, {
      failpoint,
      nth: 1 + Math.floor(this.#random.next() * most),
      hitsFile: this.hitsFile,
      env: this.env,
      ...(failpoint === 'in-backup' ? { command: ['backup'] } : {}),
      feed: () => {
        this.write();
      },
    });
  }
}

/** What the next Holdfast makes of all that is left behind. */
async function expectWhole({ place, env }: Scene): Promise<void> {
  const expected = expectedExchanges(place.claude);
  const holdfast = await place.start({ env });
  await holdfast.waitForExchanges(expected.size);
  expectClean(await holdfast.verify());
  expectSame(expected, await place.export());
  expect(await holdfast.stop()).toBe(0);
}

describe('a Holdfast that is ended at a step between read and acknowledgement', () => {
  let scene: Scene;

  beforeAll(async () => {
    const place = await Workplace.make();
    scene = new Scene(place, await OwnRedis.start(place.root));
    for (let i = 0; i < SESSIONS; i += 1) scene.write();
    await expectWhole(scene);
    console.log(`seed ${String(SEED)}`);
  });

  afterAll(async () => {
    await scene.redis[Symbol.asyncDispose]();
    await scene.place[Symbol.asyncDispose]();
  });

  it.each(FAILPOINTS)(
    '%s: loses nothing and has nothing twice',
    async (failpoint) => {
      for (let hit = 0; hit < HITS; hit += 1) expect(await scene.endAt(failpoint)).toBe('SIGKILL');

      await expectWhole(scene);
      console.log(`${failpoint}: ${String(scene.hitsAt(failpoint))} ends`);
      expect(scene.hitsAt(failpoint)).toBe(HITS);
    },
    60_000 + HITS * 20_000,
  );
});
