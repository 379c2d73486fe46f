import { createServer } from 'node:net';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isAlive, runToEnd } from '../support/child-process.ts';
import { hashesBelow } from '../support/file-tree.ts';
import { expectClean } from '../support/proof.ts';
import { CLONE, Workplace } from '../support/workplace.ts';

const SESSION = '61ee1fbc-ebac-47ba-a04a-b92eeff09fe5';
const FIXTURE_EXCHANGES = 67;
const STOPPED_WITHIN_MS = 5000;

/** Cut off, out of range, of a later version. */
const BAD_SETTINGS = [
  '{ "version": 1, "capture": ',
  '{ "version": 1, "capture": { "hotPollMs": -5 } }',
  '{ "version": 99 }',
] as const;

const COMMANDS: readonly (readonly string[])[] = [
  ['run'],
  ['status'],
  ['health'],
  ['import'],
  ['resync'],
  ['verify'],
  ['restore'],
  ['search'],
  ['list'],
  ['show'],
  ['export'],
  ['backup'],
  ['backup', 'restore'],
  ['backups'],
  ['rebuild'],
  ['dead-letters'],
  ['dead-letters', 'retry'],
  ['dead-letters', 'discard'],
];

const WITH_JSON: readonly (readonly string[])[] = [
  ['status'],
  ['health'],
  ['health', '--format', 'json'],
  ['import'],
  ['resync', '--session', SESSION],
  ['verify'],
  ['restore', SESSION],
  ['search', 'fruit'],
  ['list'],
  ['show', SESSION],
  ['export', SESSION],
  ['backup'],
  ['backups'],
  ['rebuild', '--yes'],
  ['dead-letters'],
  ['dead-letters', 'retry', '--all'],
  ['dead-letters', 'discard', '--all'],
];

/** What happened, in one line for people. */
function expectOneLine(text: string): void {
  expect(text.trim().split('\n')).toHaveLength(1);
  expect(text).not.toMatch(/\bat .*:\d+:\d+|\bError:/);
}

describe('every command', () => {
  it.each(COMMANDS.map((words) => [words.join(' '), words] as const))('%s explains itself', async (_name, words) => {
    await using place = await Workplace.make();

    const { code, stdout, stderr } = await place.cli([...words, '--help']);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: holdfast ${words.join(' ')}`);
    expect(stdout).toContain('Exit codes:');
    expect(readdirSync(place.root)).not.toContain('data');
  });

  it('prints one JSON document with --json and ends with 0, while Holdfast runs', async () => {
    await using place = await Workplace.withFixture();
    const holdfast = await place.start();
    await holdfast.waitForExchanges(FIXTURE_EXCHANGES);

    for (const words of WITH_JSON) {
      const args = words.includes('--format') ? words : [...words, '--json'];
      const { code, stdout } = await place.cli(args);
      expect({ words, code }).toEqual({ words, code: 0 });
      expect(() => JSON.parse(stdout) as unknown, `${words.join(' ')}: ${stdout.slice(0, 200)}`).not.toThrow();
    }
  });

  it('refuses what it does not understand with 2 and a sentence', async () => {
    await using place = await Workplace.make();

    for (const args of [['nonsense'], ['export'], ['resync'], ['list', '--limit', 'many'], ['show']]) {
      const { code, stderr } = await place.cli(args);
      expect({ args, code }).toEqual({ args, code: 2 });
      expectOneLine(stderr);
    }
    expect((await place.cli(['show', 'no-such-session'])).code).toBe(1);
  });
});

describe('health', () => {
  it('ends with 3 when nothing runs, 0 when all is well, 1 when a part has failed, 2 when the settings are wrong', async () => {
    await using place = await Workplace.withFixture();
    expect((await place.cli(['health'])).code).toBe(3);
    const holdfast = await place.start();
    await holdfast.waitForExchanges(FIXTURE_EXCHANGES);
    expect((await place.cli(['health'])).code).toBe(0);
    const archive = path.join(place.home, 'archive');

    renameSync(archive, `${archive}.away`);
    writeFileSync(archive, 'A file where a folder should be.');
    const failed = await place.cli(['health']);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/FAIL\s+archive/);

    rmSync(archive);
    renameSync(`${archive}.away`, archive);
    expect((await place.cli(['health'])).code).toBe(0);
    writeFileSync(path.join(place.home, 'settings.json'), '{ "version": 1, ');
    expect((await place.cli(['health'])).code).toBe(2);
  });
});

describe('verify', () => {
  it('ends with 1 when a byte is missing from the archive or a record from the database, and a resync puts both right', async () => {
    await using place = await Workplace.withFixture();
    await place.import();
    const [archived = ''] = [...hashesBelow(path.join(place.home, 'archive')).keys()].filter((name) =>
      name.endsWith(`${SESSION}.jsonl`),
    );
    const file = path.join(place.home, 'archive', archived);

    truncateSync(file, readFileSync(file).length - 1);
    const shorter = await place.verify();
    expect(shorter.code).toBe(1);
    expect(shorter.missing).toBeGreaterThan(0);
    deleteRecord(place);
    const fewer = await place.verify();
    expect(fewer.code).toBe(1);
    expect(fewer.missingRecords).toHaveLength(shorter.missingRecords.length + 1);

    await place.resync();
    expectClean(await place.verify());
  });
});

/** One that belongs to no exchange: the smallest thing that can be missing. */
function deleteRecord(place: Workplace): void {
  const nativeBinding = process.env['HOLDFAST_SQLITE_BINDING'];
  const options = nativeBinding === undefined ? {} : { nativeBinding };
  const database = new Sqlite(path.join(place.home, 'holdfast.db'), options);
  database.exec('DELETE FROM record WHERE key = (SELECT key FROM record WHERE exchange IS NULL LIMIT 1)');
  database.close();
}

describe('a running Holdfast', () => {
  it('is pointed to by a second start, which ends with 0', async () => {
    await using place = await Workplace.make();
    const first = await place.start();
    const record = z
      .object({ windowUrl: z.string() })
      .parse(JSON.parse(readFileSync(path.join(place.home, 'engine.json'), 'utf8')));

    const again = await place.cli(['run', '--headless', '--no-open', '--port', '0']);

    expect(again.code).toBe(0);
    expect(again.stdout).toContain('already running');
    expect(again.stdout).toContain(`Window: ${record.windowUrl}`);
    await first.waitForStatus(({ overall }) => overall === 'ok', 'the first one goes on');
  });

  it('shows no failure in its first moments', async () => {
    await using place = await Workplace.make();

    const holdfast = await place.start();
    const seen = new Set<string>();
    await holdfast.waitForStatus(({ overall }) => {
      seen.add(overall);
      return overall === 'ok';
    }, 'all is well');

    expect([...seen].filter((state) => state !== 'starting' && state !== 'busy')).toEqual(['ok']);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends on %s within 5 s, with its Redis and its socket', async (signal) => {
    await using place = await Workplace.withFixture();
    const holdfast = await place.start();
    await holdfast.waitForExchanges(FIXTURE_EXCHANGES);
    const redis = await place.redisPid();
    expect(redis).not.toBeNull();

    const since = performance.now();
    expect(await holdfast.stop(signal)).toBe(0);

    expect(performance.now() - since).toBeLessThan(STOPPED_WITHIN_MS);
    expect(isAlive(redis ?? 0)).toBe(false);
    await place.waitForNoProcess();
    const left = readdirSync(place.home, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => /\.sock$|engine\.json$/.test(name))).toEqual([]);
  });

  it('is taken over by the next one after a kill, and its Redis with it', async () => {
    await using place = await Workplace.withFixture();
    const killed = await place.start();
    await killed.waitForExchanges(FIXTURE_EXCHANGES);
    await killed.kill();

    const next = await place.start();
    await next.waitForExchanges(FIXTURE_EXCHANGES);

    expectClean(await place.verify());
    expect(await next.stop()).toBe(0);
    await place.waitForNoProcess();
  });
});

/** Starts it with something wrong around it; gives what it said once it has ended. */
async function failedStart(
  place: Workplace,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const entry = path.join(CLONE, 'electron', 'headless.ts');
  const where = { env: { ...place.env, ...env }, cwd: place.root, unprivileged: true };
  return runToEnd(process.execPath, [entry, '--no-open', ...args], where);
}

/** It must start, and have everything, once nothing is wrong any more. */
async function expectUndamaged(place: Workplace): Promise<void> {
  const holdfast = await place.start();
  await holdfast.waitForExchanges(FIXTURE_EXCHANGES);
  expectClean(await place.verify());
}

describe('a start that cannot succeed', () => {
  it('names the port that is taken', async () => {
    await using place = await Workplace.withFixture();
    await place.import();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';

    const { code, stderr } = await failedStart(place, ['--port', port]);
    other.close();

    expect(code).toBe(2);
    expect(stderr).toContain(port);
    expectOneLine(stderr);
    await place.waitForNoProcess();
    await expectUndamaged(place);
  });

  it('names the data folder that cannot be written', async () => {
    await using place = await Workplace.make();
    const locked = path.join(place.root, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    writeFileSync(path.join(place.root, 'a-file'), '');

    for (const home of [path.join(locked, 'data'), path.join(place.root, 'a-file', 'data')]) {
      const { code, stderr } = await failedStart(place, ['--port', '0'], { HOLDFAST_HOME: home });
      expect({ home, code }).toEqual({ home, code: 2 });
      expect(stderr).toContain(home);
      expectOneLine(stderr);
    }
    chmodSync(locked, 0o700);
    await place.waitForNoProcess();
  });

  it('names the settings file that cannot be used and leaves it as it is', async () => {
    await using place = await Workplace.withFixture();
    await place.import();
    const file = path.join(place.home, 'settings.json');

    for (const settings of BAD_SETTINGS) {
      writeFileSync(file, settings);
      const { code, stderr } = await failedStart(place, ['--port', '0']);
      expect({ settings, code }).toEqual({ settings, code: 2 });
      expect(stderr).toContain(file);
      expectOneLine(stderr);
      expect((await place.cli(['import'])).code).toBe(2);
      expect(readFileSync(file, 'utf8')).toBe(settings);
    }
    rmSync(file);
    await expectUndamaged(place);
  });

  it('says which Node is needed, under every older one of this machine', async () => {
    await using place = await Workplace.make();
    const nodes = await olderNodes(place);
    const entries = ['cli.mjs', 'headless.mjs'].map((name) => path.join(CLONE, 'dist', 'electron', name));
    const where = { env: place.env, cwd: place.root };

    // The one that runs this test is new enough, by the same check.
    expect((await place.cli(['--version'])).code).toBe(0);
    for (const node of nodes) {
      for (const entry of entries) {
        const { code, stderr } = await runToEnd(node, [entry, 'status'], where);
        expect({ node, entry, code }).toEqual({ node, entry, code: 2 });
        expect(stderr).toContain('22.14');
        expectOneLine(stderr);
      }
    }
  });
});

async function olderNodes(place: Workplace): Promise<readonly string[]> {
  const folders = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  const older: string[] = [];
  for (const node of new Set([...folders, '/usr/bin', '/usr/local/bin'].map((folder) => path.join(folder, 'node')))) {
    const where = { env: place.env, cwd: place.root };
    const version = await runToEnd(node, ['--version'], where).catch(() => null);
    const [major = 0, minor = 0] = (version?.stdout ?? '').replace(/^v/, '').split('.').map(Number);
    if (major > 0 && (major < 22 || (major === 22 && minor < 14))) older.push(node);
  }
  return older;
}
