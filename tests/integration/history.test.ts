import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeTranscripts } from '../../bench/make-transcripts.ts';
import { hashesBelow, sha256 } from '../support/file-tree.ts';
import { expectFixtureExported, fixtureSessions } from '../support/fixture-truth.ts';
import { expectClean } from '../support/proof.ts';
import { restoreReport } from '../support/report-schemas.ts';
import { expectedExchanges, expectSame } from '../support/transcript-oracle.ts';
import { Workplace } from '../support/workplace.ts';

/** Written by the client, and no part of a conversation. */
const NOT_RECORDED = /^(settings\.json|tasks\/)/;
const FORK_BASE = '61ee1fbc-ebac-47ba-a04a-b92eeff09fe5';

const sessionList = z.array(z.looseObject({ id: z.string(), sourcePresent: z.boolean() }));
const hits = z.array(z.looseObject({ snippet: z.string() }));

function recordedHashes(folder: string): ReadonlyMap<string, string> {
  return new Map([...hashesBelow(folder)].filter(([name]) => !NOT_RECORDED.test(name)));
}

describe('history of Claude Code 2.1.197', () => {
  it('is imported whole, each exchange once and exactly, and a second import adds nothing', async () => {
    await using place = await Workplace.withFixture();
    const files = recordedHashes(place.claude).size;

    const first = await place.import();

    expect(first).toMatchObject({ files, imported: files, skipped: 0, failed: 0, quarantined: 0 });
    expectClean(await place.verify());
    const exported = await place.export();
    expectFixtureExported(exported);

    const second = await place.import();

    expect(second).toMatchObject({ files, imported: 0, skipped: files, failed: 0, newRecords: 0 });
    expect(await place.export()).toEqual(exported);
  });

  it('outlives its sources: searchable, provable, restored with the same sha256', async () => {
    await using place = await Workplace.withFixture();
    await place.import();
    const exported = await place.export();
    const before = recordedHashes(place.claude);
    rmSync(place.projects, { recursive: true });

    const resync = await place.resync();

    expect(resync).toMatchObject({ kind: 'resync', failed: 0, newRecords: 0 });
    expect(resync.proof).toMatchObject({ missing: 0, duplicated: 0, drift: 0 });
    expectClean(await place.verify());
    expect(await place.export()).toEqual(exported);
    expect(await place.json(['search', 'marmalade'], hits)).not.toEqual([]);
    const sessions = await place.json(['list', '--limit', '1000'], sessionList);
    expect(new Set(sessions.map(({ sourcePresent }) => sourcePresent))).toEqual(new Set([false]));

    const holdfast = await place.start();
    for (const { id } of sessions) {
      const report = await holdfast.job({ kind: 'restore', session: id, to: null });
      expect(report).toMatchObject({ kind: 'restore', conflicts: [] });
    }

    expect(recordedHashes(place.claude)).toEqual(before);
    expectClean(await place.verify());
    expect(await place.export()).toEqual(exported);
  });

  it('is restored into another folder in the layout of the agent, with subagents, spilled results and meta files', async () => {
    await using place = await Workplace.withFixture();
    const holdfast = await place.start();
    await holdfast.job({ kind: 'import' });
    const target = path.join(place.root, 'taken-out');
    const withMore = fixtureSessions.filter(({ id }) => filesOf(place, id).size > 1);

    const written: string[] = [];
    for (const { id } of withMore) {
      const report = restoreReport.parse(await holdfast.job({ kind: 'restore', session: id, to: target }));
      written.push(...report.written.map(({ sha256: hash }) => hash));
    }

    expect(withMore.length).toBeGreaterThan(3);
    const truth = new Map(withMore.flatMap(({ id }) => [...filesOf(place, id)]));
    expect(hashesBelow(target)).toEqual(truth);
    expect(written.sort()).toEqual([...truth.values()].sort());
  });

  it('is never restored over a file with other content', async () => {
    await using place = await Workplace.withFixture();
    await place.import();
    const [name = ''] = filesOf(place, FORK_BASE).keys();
    const file = path.join(place.claude, name);
    writeFileSync(file, 'Something else that somebody wants to keep.\n');
    const other = sha256(readFileSync(file));

    const conflict = await place.cli(['restore', FORK_BASE, '--json']);

    expect(conflict.code).toBe(1);
    expect(JSON.parse(conflict.stdout)).toMatchObject({ written: [], conflicts: [file] });
    expect(sha256(readFileSync(file))).toBe(other);

    rmSync(file);
    const written = await place.restore(FORK_BASE);
    const again = await place.restore(FORK_BASE);

    expect(written.written.map((one) => one.path)).toEqual([file]);
    expect(again).toMatchObject({ written: [], unchanged: [file], conflicts: [] });
  });
});

/** Files of a session in the agent's folder, with their hashes. */
function filesOf(place: Workplace, session: string): ReadonlyMap<string, string> {
  return new Map([...recordedHashes(place.claude)].filter(([name]) => name.includes(`/${session}`)));
}

describe('generated history', () => {
  it('comes out as an independent reading of the files says, in the counts of its manifest', async () => {
    await using place = await Workplace.make();
    const manifest = makeTranscripts({ directory: place.claude, mb: 6, files: 24, seed: 5, tear: 3 });

    const report = await place.import();

    expect(report).toMatchObject({
      files: 24,
      bytes: manifest.bytes,
      records: manifest.records,
      exchanges: manifest.exchanges,
      subagentExchanges: manifest.sidechainExchanges,
      failed: 0,
      quarantined: 0,
    });
    expectClean(await place.verify());
    expectSame(expectedExchanges(place.claude), await place.export());
  });
});
