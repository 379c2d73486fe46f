import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../bench/transcripts/random.ts';
import { CUTS, ModelDisk } from '../support/model-disk.ts';
import { expectClean } from '../support/proof.ts';
import { OwnRedis } from '../support/redis-server.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectedExchanges, expectSame, type ExpectedExchange } from '../support/transcript-oracle.ts';
import { CLONE, Workplace } from '../support/workplace.ts';
import { WriteRecorder } from '../support/write-recorder.ts';

/** Cuts in all. `npm run faults:power-loss -- --cuts 1000` sets it. */
const CUTS_IN_ALL = Number(process.env['HOLDFAST_POWER_CUTS'] ?? 40);
const CUTS_OF_A_RUN = 20;
const SEED = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000);
const EXCHANGES_OF_A_RUN = 30;
const EXCHANGES_OF_A_BURST = 5;
const NORMAL_SYNC = path.join(CLONE, 'tests', 'faults', 'normal-sync-preload.ts');

/** What Holdfast had answered when the log of its writes was so long. */
interface Report {
  readonly logLength: number;
  readonly revisions: ReadonlyMap<string, number>;
}

interface Loss {
  readonly cut: string;
  /** Exchanges that had been reported and are not in the database, or less of them. */
  readonly lost: number;
  readonly reported: number;
  /** What SQLite says of the database, `ok` also when it is not there or empty. */
  readonly integrity: string;
  /** Committed segments whose bytes the archive has lost. */
  readonly unproven: readonly string[];
}

/** Runs Holdfast on a disk that is cut off from power again and again. The Redis is another machine's and forgets nothing. */
class Blackouts {
  readonly place: Workplace;
  readonly #redis: OwnRedis;
  readonly #disk: string;
  readonly #nodeOptions: string;
  readonly #random = new SeededRandom(SEED);
  readonly expected = new Map<string, ExpectedExchange>();
  /** Files that were given their name before they were synced. */
  readonly hasty: string[] = [];
  #runs = 0;

  constructor(place: Workplace, redis: OwnRedis, nodeOptions = '') {
    this.place = place;
    this.#redis = redis;
    this.#disk = path.dirname(place.home);
    this.#nodeOptions = nodeOptions;
    mkdirSync(this.#disk);
  }

  get env(): Readonly<Record<string, string>> {
    return { HOLDFAST_REDIS_URL: this.#redis.url, NODE_OPTIONS: this.#nodeOptions };
  }

  /** One life of Holdfast; afterwards the disk is what one of the cuts left of it. */
  async run(): Promise<readonly Loss[]> {
    this.#runs += 1;
    const disk = new ModelDisk(this.#disk);
    const recorder = new WriteRecorder(this.place.root, this.#disk, `writes-${String(this.#runs)}`);
    const session = idOf(`session ${String(this.#runs)}`);
    const reports = await this.#live(recorder, session);
    return this.#cutThrough(disk, recorder, reports, session);
  }

  async #live(recorder: WriteRecorder, session: string): Promise<readonly Report[]> {
    const holdfast = await this.place.start({ env: { ...this.env, ...recorder.env } });
    const reports: Report[] = [];
    const revisions = new Map<string, number>();
    const look = async (): Promise<void> => {
      for (const { key, revision } of await holdfast.exchanges()) revisions.set(key, revision);
      reports.push({ logLength: recorder.length, revisions: new Map(revisions) });
    };
    for (let i = 0; i < EXCHANGES_OF_A_RUN; i += 1) {
      const name = `run ${String(this.#runs)} exchange ${String(i)}`;
      append(sessionFile(this.place.projects, session), textOf([smallExchange(session, name, i)]));
      await look();
      if ((i + 1) % EXCHANGES_OF_A_BURST > 0) continue;
      // So that there is much to be reported, and to be lost, long before the end.
      for (const [id, exchange] of expectedExchanges(this.place.claude)) this.expected.set(id, exchange);
      await holdfast.waitForExchanges(this.expected.size);
      await look();
    }
    // The log goes on to the end of the clean stop, with its checkpoint.
    if ((await holdfast.stop()) !== 0) throw new Error(`Holdfast did not stop: ${holdfast.output.stderr}`);
    return reports;
  }

  #cutThrough(disk: ModelDisk, recorder: WriteRecorder, reports: readonly Report[], session: string): readonly Loss[] {
    const changes = recorder.read();
    const moments = Array.from({ length: CUTS_OF_A_RUN }, () => this.#random.int(changes.length)).sort((a, b) => a - b);
    const goesOnFrom = this.#random.int(CUTS_OF_A_RUN);
    const image = path.join(this.place.root, 'image');
    const after = path.join(this.place.root, 'after');
    let applied = 0;
    const losses = moments.map((moment, index) => {
      for (; applied <= moment; applied += 1) {
        const [change] = changes[applied] ?? [];
        if (change !== undefined) disk.apply(change);
      }
      const end = changes[moment]?.[1] ?? 0;
      const cut = this.#random.pick(CUTS);
      disk.writeTo(image, cut, this.#random);
      if (index === goesOnFrom) cpSync(image, after, { recursive: true });
      const report = reports.findLast(({ logLength }) => logLength <= end)?.revisions ?? new Map<string, number>();
      if (index === goesOnFrom) this.#deleteIfReported(session, report);
      return this.#lossIn(path.join(image, path.basename(this.place.home)), report, `${cut} at ${String(moment)}`);
    });
    for (const [change] of changes.slice(applied)) disk.apply(change);
    this.hasty.push(...disk.hasty);
    rmSync(this.#disk, { recursive: true });
    cpSync(after, this.#disk, { recursive: true });
    rmSync(after, { recursive: true });
    return losses;
  }

  /** The agent deletes what it thinks is saved. */
  #deleteIfReported(session: string, report: ReadonlyMap<string, number>): void {
    const own = [...this.expected.values()].filter((exchange) => exchange.session_id === session);
    if (own.every((exchange) => report.has(exchange.id))) rmSync(sessionFile(this.place.projects, session));
  }

  #lossIn(home: string, report: ReadonlyMap<string, number>, cut: string): Loss {
    const file = path.join(home, 'holdfast.db');
    const loss = { cut, reported: report.size, integrity: 'ok', unproven: [] };
    if (!existsSync(file)) return { ...loss, lost: report.size };
    const database = new Sqlite(file, bindingOf(process.env['HOLDFAST_SQLITE_BINDING']));
    try {
      const integrity = String(database.pragma('integrity_check', { simple: true }));
      if (database.pragma('user_version', { simple: true }) === 0) return { ...loss, integrity, lost: report.size };
      const rows = database.prepare<[], { key: string; revision: number }>('SELECT key, revision FROM exchange').all();
      const left = new Map(rows.map(({ key, revision }) => [key, revision]));
      const lost = [...report].filter(([key, revision]) => (left.get(key) ?? -1) < revision);
      return { ...loss, integrity, lost: lost.length, unproven: unprovenIn(database, home) };
    } finally {
      database.close();
    }
  }
}

function bindingOf(nativeBinding: string | undefined): Sqlite.Options {
  return nativeBinding === undefined ? {} : { nativeBinding };
}

/** Segments of which the archive does not hold, byte for byte, what the database says. */
function unprovenIn(database: Sqlite.Database, home: string): readonly string[] {
  const segments = database
    .prepare<[], { name: string; start: number; end: number; sha256: Buffer }>(
      'SELECT archive_path AS name, start, "end", sha256 FROM segment JOIN generation ON generation.id = generation',
    )
    .all();
  return segments
    .filter(({ name, start, end, sha256 }) => {
      const file = path.join(home, 'archive', name);
      const bytes = existsSync(file) ? readFileSync(file).subarray(start, end) : Buffer.alloc(0);
      return !createHash('sha256').update(bytes).digest().equals(sha256);
    })
    .map(({ name, start, end }) => `${name} ${String(start)}-${String(end)}`);
}

describe('a power cut', () => {
  it(
    'takes nothing that was reported as saved, and Holdfast goes on from what it leaves',
    async () => {
      await using place = await Workplace.make('disk/data');
      await using redis = await OwnRedis.start(place.root);
      const blackouts = new Blackouts(place, redis);
      const losses: Loss[] = [];
      console.log(`seed ${String(SEED)}`);

      while (losses.length < CUTS_IN_ALL) losses.push(...(await blackouts.run()));

      const reported = losses.reduce((sum, loss) => sum + loss.reported, 0);
      const lost = losses.reduce((sum, loss) => sum + loss.lost, 0);
      console.log(
        `${String(losses.length)} cuts, ${String(reported)} reported exchanges looked for, ${String(lost)} lost`,
      );
      const harmed = losses.filter((loss) => loss.lost > 0 || loss.integrity !== 'ok' || loss.unproven.length > 0);
      expect(harmed).toEqual([]);
      expect(blackouts.hasty).toEqual([]);
      expect(reported).toBeGreaterThan(0);
      const holdfast = await place.start({ env: blackouts.env });
      await holdfast.waitForExchanges(blackouts.expected.size);
      expectClean(await holdfast.verify());
      expectSame(blackouts.expected, await place.export());
      expect(await holdfast.stop()).toBe(0);
    },
    60_000 + CUTS_IN_ALL * 3000,
  );

  it('would be seen to take something with synchronous=NORMAL', async () => {
    await using place = await Workplace.make('disk/data');
    await using redis = await OwnRedis.start(place.root);

    const losses = await new Blackouts(place, redis, `--import=${NORMAL_SYNC}`).run();

    const lost = losses.reduce((sum, loss) => sum + loss.lost, 0);
    console.log(`control: ${String(losses.length)} cuts, ${String(lost)} reported exchanges lost`);
    expect(lost).toBeGreaterThan(0);
  });
});
