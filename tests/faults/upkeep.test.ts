import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchanges, textOf } from '../support/session-lines.ts';
import { expectSame, expectedExchanges } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

const TRANSCRIPTS = { mb: 3, files: 10, seed: 31 };
const SESSION = idOf('after the backup');
/** In days: a round of the scrub takes some two seconds. */
const SHORT_ROUND = 2.5e-5;

const backups = z.array(
  z.object({ name: z.string(), bytes: z.number(), exchanges: z.number(), verified: z.boolean() }),
);
const rebuilt = z.object({ setAside: z.string(), backup: z.string().nullable(), exchanges: z.number() });

function mainOf(claude: string): number {
  return [...expectedExchanges(claude).values()].filter((exchange) => !exchange.is_subagent).length;
}

async function expectWhole(place: Workplace, holdfast: Headless): Promise<void> {
  await holdfast.waitForExchanges(mainOf(place.claude), 60_000);
  expectClean(await holdfast.verify());
  expectSame(expectedExchanges(place.claude), await place.export());
}

describe('a backup', () => {
  it('of three days ago is put in place, and what came since is there again', async () => {
    await using place = await Workplace.make();
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const holdfast = await place.start();
    await expectWhole(place, holdfast);
    await place.cli(['backup']);
    const listed = await place.json(['backups'], backups);
    const old = sessionFile(place.projects, idOf('gone by now'));
    append(old, textOf(smallExchanges(idOf('gone by now'), 'gone', 3)));
    append(sessionFile(place.projects, SESSION), textOf(smallExchanges(SESSION, 'later', 5)));
    await expectWhole(place, holdfast);
    const expected = expectedExchanges(place.claude);
    // Its transcript is gone: only the archive has it.
    rmSync(old);

    const report = await place.json(['backup', 'restore', listed[0]?.name ?? '', '--yes'], rebuilt);

    expect(listed).toMatchObject([{ verified: true }]);
    expect(report).toMatchObject({
      backup: listed[0]?.name,
      exchanges: [...expected.values()].filter((one) => !one.is_subagent).length,
    });
    expect(statSync(report.setAside).size).toBeGreaterThan(0);
    expectClean(await holdfast.verify());
    expectSame(expected, await place.export());
    expect((await place.cli(['backup', 'restore', 'none.db', '--yes'])).stderr).toContain('There is no backup');
    expect(await holdfast.stop()).toBe(0);
  });

  it('is where a damaged database begins again, unless it is damaged itself', async () => {
    await using place = await Workplace.make();
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    let holdfast = await place.start();
    await expectWhole(place, holdfast);
    await place.cli(['backup']);
    await place.cli(['backup']);
    const [newest, older] = await place.json(['backups'], backups);
    overwrite(path.join(place.home, 'backups', newest?.name ?? ''), 0.5);
    append(sessionFile(place.projects, SESSION), textOf(smallExchanges(SESSION, 'later', 5)));
    await expectWhole(place, holdfast);
    expect(await holdfast.stop()).toBe(0);
    writeFileSync(path.join(place.home, 'holdfast.db'), Buffer.alloc(8192, 'no database '));

    holdfast = await place.start();

    await expectWhole(place, holdfast);
    expect((await holdfast.status()).upkeep.recovery).toMatchObject({ cause: 'damage', backup: older?.name });
    expect(await holdfast.stop()).toBe(0);
  });
});

/** Everything from there on is garbage. @param share 0…1, where it begins */
function overwrite(file: string, share: number): void {
  const { size } = statSync(file);
  const at = Math.floor(size * share);
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(size - at, 0xa5), 0, size - at, at);
  closeSync(fd);
}

describe('a rebuild', () => {
  it.each(['with', 'without'])(
    'makes everything anew %s a running Holdfast, also what has no transcript any more',
    async (how) => {
      await using place = await Workplace.make();
      makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
      const gone = sessionFile(place.projects, SESSION);
      append(gone, textOf(smallExchanges(SESSION, 'gone', 3)));
      const holdfast = await place.start();
      await expectWhole(place, holdfast);
      const expected = expectedExchanges(place.claude);
      rmSync(gone);
      if (how === 'without') await holdfast.stop();
      else await holdfast.waitForStatus(({ safety }) => safety.allSaved, 'all is saved');

      const refused = await place.cli(['rebuild']);
      const report = await place.json(['rebuild', '--yes'], rebuilt);

      expect(refused).toMatchObject({ code: 2 });
      expect(refused.stderr).toContain('--yes');
      expect(statSync(report.setAside).size).toBeGreaterThan(0);
      expectSame(expected, await place.export());
      expectClean(await place.verify());
    },
  );

  it('puts right a database that no command can open', async () => {
    await using place = await Workplace.make();
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    await place.import();
    writeFileSync(path.join(place.home, 'holdfast.db'), Buffer.alloc(8192, 'no database '));

    const asked = await place.cli(['list']);
    await place.json(['rebuild', '--yes'], rebuilt);

    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain('holdfast rebuild');
    expectSame(expectedExchanges(place.claude), await place.export());
  });
});

/** Settings with which everything in the archive is read within seconds. */
function scrubOften(place: Workplace): void {
  mkdirSync(place.home, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(place.home, 'settings.json'), JSON.stringify({ scrub: { days: SHORT_ROUND } }));
}

function archivedFiles(place: Workplace): readonly string[] {
  const root = path.join(place.home, 'archive');
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.jsonl')).map((name) => path.join(root, name));
}

describe('an archived file that is damaged', () => {
  it('is found by the scrub, and repaired as long as its transcript is there', async () => {
    await using place = await Workplace.make();
    scrubOften(place);
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const holdfast = await place.start();
    await expectWhole(place, holdfast);
    const [file = ''] = archivedFiles(place);
    const sound = readFileSync(file);

    const fd = openSync(file, 'r+');
    writeSync(fd, Buffer.alloc(200, 0xa5), 0, 200, Math.floor(sound.length / 3));
    closeSync(fd);
    await holdfast.waitForStatus(({ upkeep }) => upkeep.scrub.repaired > 0, 'the range is repaired', 30_000);

    expect(readFileSync(file).equals(sound)).toBe(true);
    expect((await holdfast.status()).upkeep.scrub).toMatchObject({ damaged: 0, damagedRanges: [] });
    expect(await holdfast.stop()).toBe(0);
  });

  it('is told with its range when its transcript is gone, and stays told after a restart', async () => {
    await using place = await Workplace.make();
    scrubOften(place);
    const transcript = sessionFile(place.projects, SESSION);
    append(transcript, textOf(smallExchanges(SESSION, 'only copy', 20)));
    let holdfast = await place.start();
    await expectWhole(place, holdfast);
    rmSync(transcript);
    const [file = ''] = archivedFiles(place);
    const fd = openSync(file, 'r+');
    writeSync(fd, Buffer.alloc(200, 0xa5), 0, 200, 400);
    closeSync(fd);

    await holdfast.waitForStatus(({ upkeep }) => upkeep.scrub.damaged > 0, 'the damage is found', 30_000);
    expect(await holdfast.stop()).toBe(0);
    holdfast = await place.start();
    const { upkeep, alarms, archive } = await holdfast.waitForStatus(
      (seen) => seen.upkeep.scrub.damaged > 0 && seen.alarms.length > 0,
      'the damage is still known',
    );

    expect(upkeep.scrub.damagedRanges).toMatchObject([{ start: 0, end: statSync(file).size }]);
    expect(file.endsWith(path.normalize(upkeep.scrub.damagedRanges[0]?.archivePath ?? 'none'))).toBe(true);
    expect(alarms.map((alarm) => alarm.key)).toContain('archive.damaged');
    expect(archive.health).toMatchObject({ state: 'degraded', reason: 'ARCHIVE_DAMAGED' });
    expect((await place.cli(['status'])).stdout).toContain(upkeep.scrub.damagedRanges[0]?.archivePath);
    // The database still has what was saved of it.
    expect(await place.export()).toHaveLength(20);
    expect(await holdfast.stop()).toBe(0);
  });

  it.each(['cut off', 'gone'])('%s: is copied from its transcript again', async (how) => {
    await using place = await Workplace.make();
    scrubOften(place);
    makeTranscripts({ directory: place.claude, ...TRANSCRIPTS });
    const holdfast = await place.start();
    await expectWhole(place, holdfast);
    const [file = ''] = archivedFiles(place);
    const sound = readFileSync(file);

    if (how === 'gone') rmSync(file);
    else writeFileSync(file, sound.subarray(0, sound.length / 2));
    await holdfast.waitForStatus(({ upkeep }) => upkeep.scrub.repaired > 0, 'the file is whole again', 30_000);

    expect(readFileSync(file).equals(sound)).toBe(true);
    await expectWhole(place, holdfast);
    expect(await holdfast.stop()).toBe(0);
  });
});
