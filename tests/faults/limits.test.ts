import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Workplace } from '../support/workplace.ts';

const SESSION = idOf('goes on');

async function expectWhole(place: Workplace, holdfast: Headless): Promise<void> {
  append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'afterwards')]));
  const expected = expectedExchanges(place.claude);
  const main = [...expected.values()].filter((exchange) => !exchange.is_subagent);
  await holdfast.waitForExchanges(main.length, 60_000);
  expectClean(await holdfast.verify());
  expectSame(expected, await place.export());
}

describe('a limit for the size of files', () => {
  it('is said, costs nothing but the files above it, and nothing is lost when it is lifted', async () => {
    await using place = await Workplace.make();
    makeTranscripts({ directory: place.claude, mb: 2, files: 6, seed: 7 });
    // The soft limit only, so that it can be lifted while it runs.
    const holdfast = await place.start({ under: ['prlimit', '--fsize=4000000:unlimited', '--'] });
    const large = sessionFile(place.projects, idOf('large'));
    append(large, `${JSON.stringify({ type: 'file-history-snapshot', text: 'x'.repeat(4_500_000) })}\n`);
    append(large, textOf([smallExchange(idOf('large'), 'behind the limit')]));

    const status = await holdfast.waitForStatus(
      ({ archive }) => archive.health.reason === 'ARCHIVE_FAILING',
      'it says that the archive takes not all',
    );
    append(sessionFile(place.projects, idOf('small')), textOf([smallExchange(idOf('small'), 'meanwhile')]));
    await holdfast.waitForStatus(({ store }) => store.records > status.store.records, 'others are saved');
    const before = (await place.logLines()).length;
    execFileSync('prlimit', [`--pid=${String(holdfast.pid)}`, '--fsize=unlimited']);

    await holdfast.waitForStatus(({ archive }) => archive.health.state === 'healthy', 'the archive is whole');
    expect((await place.logLines()).length - before).toBeLessThan(20);
    await expectWhole(place, holdfast);
    expect(await holdfast.stop()).toBe(0);
  });
});

describe('a limit of 64 open files', () => {
  it('slows recording down at most: everything is saved, and it does not crash', async () => {
    await using place = await Workplace.make();
    makeTranscripts({ directory: place.claude, mb: 4, files: 80, seed: 7 });

    const holdfast = await place.start({ under: ['prlimit', '--nofile=64:64', '--'] });
    const wanted = [...expectedExchanges(place.claude).values()].filter((exchange) => !exchange.is_subagent).length;
    // With all of them in use a question is refused now and then; what was asked for is recorded all the same.
    const status = await waitUntil(
      () => holdfast.status().catch(() => null),
      (seen) => seen !== null && seen.store.exchanges >= wanted && seen.safety.archiveCurrent && seen.safety.allSaved,
      'everything is saved',
      60_000,
    );

    expect(status?.archive.health.state).toBe('healthy');
    expect((await place.logLines()).length).toBeLessThan(100);
    expect(await holdfast.stop()).toBe(0);
    expectClean(await place.verify());
    expectSame(expectedExchanges(place.claude), await place.export());
  });
});

describe('permissions that are taken away', () => {
  it('of the folder of a transcript: it waits, is named, and is recorded when they are back', async () => {
    await using place = await Workplace.make();
    await place.settings({ capture: { reconcileSeconds: 10 } });
    const file = sessionFile(place.projects, SESSION);
    append(file, textOf([smallExchange(SESSION, 'before')]));
    const holdfast = await place.start({ unprivileged: true });
    await holdfast.waitForExchanges(1);

    chmodSync(path.dirname(file), 0o000);
    append(file, textOf([smallExchange(SESSION, 'meanwhile', 1)]));
    const status = await holdfast.waitForStatus(({ transcripts }) => transcripts.blockedFiles > 0, 'it is blocked');
    chmodSync(path.dirname(file), 0o700);

    expect(status).toMatchObject({ overall: 'warn', transcripts: { health: { reason: 'FILES_BLOCKED' } } });
    await expectWhole(place, holdfast);
  });

  it('of the archive: it fails, says so, and goes on when they are back', async () => {
    await using place = await Workplace.make();
    const holdfast = await place.start({ unprivileged: true });
    append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'before')]));
    await holdfast.waitForExchanges(1);
    const archive = path.join(place.home, 'archive', 'claude-code');

    chmodSync(archive, 0o000);
    append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'meanwhile', 1)]));
    await holdfast.waitForStatus(({ archive: { health } }) => health.reason === 'ARCHIVE_FAILING', 'it fails');
    chmodSync(archive, 0o700);

    await holdfast.waitForExchanges(2, 10_000);
    await expectWhole(place, holdfast);
  });
});

describe('a data folder that cannot be written', () => {
  it('is refused with a sentence and code 2: no permission', async () => {
    await using place = await Workplace.make();
    mkdirSync(place.home, { mode: 0o500 });

    const { code, stdout, stderr } = await place.serve({ unprivileged: true });

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^Holdfast cannot write to its data folder .* \(this account has no permission there\): .*\n$/,
    );
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('is refused with a sentence and code 2: a read-only disk', async () => {
    await using place = await Workplace.make();
    mkdirSync(place.home, { mode: 0o700 });
    const { uid } = statSync(place.home);
    // A mount in a namespace of its own, which any account may make.
    const readOnly = `mount --bind "${place.home}" "${place.home}" && mount -o remount,bind,ro "${place.home}" && exec "$@"`;

    const { code, stdout, stderr } = await place.serve({
      under: [...(uid === 0 ? ['unshare', '-m'] : ['unshare', '-Urm']), 'sh', '-c', readOnly, 'sh'],
    });

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/\(the disk is read-only\): nothing can be recorded until that is put right/);
  });
});
