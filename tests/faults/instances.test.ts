import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { processesIn, spawnPiped, exitOf, collect, isAlive } from '../support/child-process.ts';
import { LockRacers } from '../support/lock-racers.ts';
import { expectClean } from '../support/proof.ts';
import { OwnRedis, STREAM } from '../support/redis-server.ts';
import { append, idOf, sessionFile, smallExchange, smallExchanges, textOf } from '../support/session-lines.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { waitUntil } from '../support/wait-until.ts';
import { CLONE, Workplace } from '../support/workplace.ts';

/** Races of whole programs. `npm run faults:instances -- --races 100` sets it. */
const RACES = Number(process.env['HOLDFAST_RACES'] ?? 2);
const RACES_FOR_THE_LOCK = Math.max(20, RACES);
const SESSION = idOf('written during the races');
const POISON_PRELOAD = path.join(CLONE, 'tests', 'faults', 'poison-preload.ts');

/** One of several that are started at the same moment in the same data folder. */
class Contender {
  readonly #exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #output: { readonly texts: { stdout: string; stderr: string } };

  constructor(place: Workplace) {
    const entry = path.join(CLONE, 'electron', 'headless.ts');
    this.#child = spawnPiped(process.execPath, [entry, '--port', '0', '--no-open'], {
      env: place.env,
      cwd: place.root,
    });
    this.#output = collect(this.#child);
    this.#exited = exitOf(this.#child);
  }

  /** Null: nothing yet. One that ends without either is quoted. */
  get said(): string | null {
    const { stdout, stderr } = this.#output.texts;
    if (stdout.includes('is recording')) return 'records';
    if (stdout.includes('is already running')) return 'already running';
    return this.#child.exitCode === null ? null : `exit code ${String(this.#child.exitCode)}: ${stdout}${stderr}`;
  }

  /** Without any chance to clean up: its Redis, its socket and its records stay. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Two start at once. @returns what each said, sorted, and how many Redis ran then */
async function race(place: Workplace): Promise<{ readonly said: readonly unknown[]; readonly servers: number }> {
  const contenders = [new Contender(place), new Contender(place)];
  try {
    await waitUntil(
      () => contenders.map((contender) => contender.said),
      (said) => !said.includes(null),
      'both have said what they do',
      40_000,
    );
    return { said: contenders.map((contender) => contender.said).sort(), servers: await serversIn(place) };
  } finally {
    for (const contender of contenders) await contender.kill();
  }
}

async function serversIn(place: Workplace): Promise<number> {
  const pids = await processesIn(place.root);
  return pids.filter((pid) => /redis-server|valkey-server/.test(commandOf(pid))).length;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  } catch {
    return ''; // It has ended meanwhile.
  }
}

describe('two at once', () => {
  it('have one lock between them, whoever comes first', async () => {
    await using place = await Workplace.make();
    using racers = new LockRacers(2);
    const owners: number[] = [];

    for (let i = 0; i < RACES_FOR_THE_LOCK; i += 1) {
      // Half of them for a lock that was never taken before, half for one that was.
      owners.push(await racers.race(path.join(place.root, `lock-${String(i % 2 === 0 ? i : 1)}`)));
    }

    expect(owners.filter((count) => count !== 1)).toEqual([]);
  });

  it(
    'are one owner and one that says so, with one Redis, over what killed ones have left behind',
    async () => {
      await using place = await Workplace.make();
      const results: unknown[] = [];

      for (let i = 0; i < RACES; i += 1) {
        append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, `race ${String(i)}`, i)]));
        results.push(await race(place));
      }

      const fair = { said: ['already running', 'records'], servers: 1 };
      const unfair = results.filter((result) => !isDeepStrictEqual(result, fair));
      console.log(`${String(RACES)} races, ${String(RACES - unfair.length)} with one owner`);
      expect(unfair).toEqual([]);
      const holdfast = await place.start();
      await holdfast.waitForExchanges(RACES);
      expectClean(await holdfast.verify());
      expectSame(expectedExchanges(place.claude), await place.export());
      expect(await holdfast.stop()).toBe(0);
    },
    60_000 + RACES * 20_000,
  );
});

describe('records that name the process of somebody else', () => {
  it('lead to no signal for it, at the start, on commands and at the stop', async () => {
    await using place = await Workplace.make();
    append(sessionFile(place.projects, SESSION), textOf(smallExchanges(SESSION, 'before', 3)));
    await (await place.start()).kill();
    const redis = await place.redisPid();
    process.kill(redis ?? 0, 'SIGKILL');
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      for (const file of ['engine.json', path.join('redis', 'server.json')]) {
        const whole = path.join(place.home, file);
        const record = z.looseObject({ pid: z.number() }).parse(JSON.parse(readFileSync(whole, 'utf8')));
        writeFileSync(whole, JSON.stringify({ ...record, pid: stranger.pid }));
      }

      expect((await place.cli(['status'])).code).not.toBeNull();
      const holdfast = await place.start();
      await holdfast.waitForExchanges(3);
      expect(await place.redisPid()).not.toBe(stranger.pid);
      expect(await holdfast.stop()).toBe(0);

      expect({ exit: stranger.exitCode, signal: stranger.signalCode, alive: isAlive(stranger.pid ?? 0) }).toEqual({
        exit: null,
        signal: null,
        alive: true,
      });
    } finally {
      stranger.kill();
    }
  });
});

describe('a second Redis in the same folder', () => {
  it('spoils the files of the first, and nothing that is saved', async () => {
    await using place = await Workplace.make();
    const file = sessionFile(place.projects, SESSION);
    append(file, textOf(smallExchanges(SESSION, 'before', 20)));
    const holdfast = await place.start();
    await holdfast.waitForExchanges(20);
    {
      await using second = await OwnRedis.start(place.root, {}, path.join(place.home, 'redis', 'data'));
      for (let i = 0; i < 50; i += 1) {
        append(file, textOf([smallExchange(SESSION, `beside it ${String(i)}`, 20 + i)]));
        await second.admin.xadd(STREAM, '*', 'not', 'ours');
        await second.admin.set(`theirs ${String(i)}`, 'x'.repeat(100));
      }
      await holdfast.kill();
      const first = await place.redisPid();
      process.kill(first ?? 0, 'SIGKILL');
    }

    const next = await place.start();

    await next.waitForExchanges(70, 60_000);
    expectClean(await next.verify());
    expectSame(expectedExchanges(place.claude), await place.export());
    expect(await next.status()).toMatchObject({ queue: { mode: 'redis' } });
    expect(await next.stop()).toBe(0);
  });
});

describe('a conversation that makes saving throw', () => {
  it('is set aside after its tries, with its exact range, and holds nobody else up', async () => {
    await using place = await Workplace.make();
    const poison = 'the poisoned prompt';
    const env = { NODE_OPTIONS: `--import=${POISON_PRELOAD}`, HOLDFAST_POISON: poison };
    const [sick, well] = [idOf('sick'), idOf('well')];
    const before = textOf(smallExchanges(sick, 'before', 2));
    const poisoned = textOf([smallExchange(sick, poison, 2)]);
    append(sessionFile(place.projects, sick), before);
    const holdfast = await place.start({ env });
    await holdfast.waitForExchanges(2);

    append(sessionFile(place.projects, sick), poisoned);
    append(sessionFile(place.projects, well), textOf(smallExchanges(well, 'beside it', 10)));
    await holdfast.waitForStatus(({ store }) => store.deadLetters === 1, 'it is set aside');
    append(sessionFile(place.projects, sick), textOf([smallExchange(sick, 'after it', 3)]));
    await holdfast.waitForExchanges(13);

    const [letter, ...others] = await holdfast.call('deadLetters.list', { limit: 10 });
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ start: before.length, end: before.length + poisoned.length, reason: 'INTERNAL' });
    const prompts = (await place.export()).map((exchange) => exchange.prompt);
    expect(prompts).toHaveLength(13);
    expect(prompts.some((prompt) => prompt.includes(poison))).toBe(false);
    expect(await holdfast.stop()).toBe(0);

    // Without the mistake, as in the next version, it is saved like any other.
    const repaired = await place.start();
    await repaired.call('deadLetters.retry', { id: null });
    await repaired.waitForExchanges(14);
    expectSame(expectedExchanges(place.claude), await place.export());
    expect(await repaired.stop()).toBe(0);
  });
});
