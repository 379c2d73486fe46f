import { afterEach, describe, expect, it } from 'vitest';
import type { Handlers, ParsedArgsOf } from '../../shared/ipc.ts';
import type { BackupView, JobReport, RebuildReport, StoreRecovery } from '../../shared/status.ts';
import { doneJob, snapshotOf } from '../engine/api/test-support/fake-engine.ts';
import { NO_UPKEEP } from '../engine/status/test-support/no-upkeep.ts';
import { CommandHarness } from './test-support/command-harness.ts';

const BACKUP: BackupView = {
  ...{ name: 'holdfast-2026-11-22T00-00-00-000Z.db', at: 1_700_000_000_000, bytes: 2_500_000 },
  ...{ exchanges: 1234, records: 9000, verified: true },
};
const REBUILT: RebuildReport = {
  ...{ kind: 'rebuild', backup: null, setAside: '/data/holdfast.db.replaced-1', files: 5, bytes: 99, records: 40 },
  ...{ exchanges: 12, subagentExchanges: 1, quarantined: 0, salvaged: 3 },
};

describe('the commands for copies of the database', () => {
  let harness: CommandHarness | null = null;

  afterEach(async () => {
    await harness?.close();
    harness = null;
  });

  async function start(handlers: Partial<Handlers>): Promise<CommandHarness> {
    harness = await CommandHarness.start(handlers);
    return harness;
  }

  /** An engine whose jobs end with that report. */
  function reporting(report: JobReport, started: ParsedArgsOf<'jobs.start'>[] = []): Partial<Handlers> {
    return {
      'jobs.start': (args) => {
        started.push(args);
        return Promise.resolve({ id: 'job-1' });
      },
      'jobs.get': () => Promise.resolve(doneJob(report)),
    };
  }

  it('backup tells the name of what it made', async () => {
    const held = await start(reporting({ kind: 'backup', backup: BACKUP }));

    const { code, out } = await held.run(['backup']);

    expect(code).toBe(0);
    expect(out).toContain(`${BACKUP.name} (2.5 MB, 1,234 exchanges), read through and found good`);
    expect(JSON.parse((await held.run(['backup', '--json'])).out)).toMatchObject({ backup: BACKUP });
  });

  it('backups lists them, and says so when there are none', async () => {
    const held = await start({
      'backups.list': () => Promise.resolve([BACKUP, { ...BACKUP, exchanges: null, verified: false }]),
    });

    const { out } = await held.run(['backups']);

    expect(out).toMatch(/^NAME .*VERIFIED\n\S+\.db .*2\.5 MB\s+1,234\s+yes\n\S+\.db .*unknown\s+no\n$/);
    expect(JSON.parse((await held.run(['backups', '--json'])).out)).toHaveLength(2);
    await held.close();
    expect((await (await start({})).run(['backups'])).err).toContain('No backups yet');
  });

  it.each([
    [['rebuild'], { kind: 'rebuild' }],
    [['backup', 'restore', BACKUP.name], { kind: 'backup-restore', name: BACKUP.name }],
  ])('%s asks first, and needs nobody with --yes', async (args, job) => {
    const started: ParsedArgsOf<'jobs.start'>[] = [];
    const held = await start(reporting(REBUILT, started));
    const asked: string[] = [];
    const answering = (answer: string) => ({
      ask: (question: string) => {
        asked.push(question);
        return Promise.resolve(answer);
      },
    });

    const refused = await held.run(args, answering(''));
    const alone = await held.run(args);
    expect([refused.code, alone.code, started]).toEqual([1, 2, []]);
    expect(refused.err).toContain('Nothing was changed');
    expect(alone.err).toContain('--yes');

    const agreed = await held.run(args, answering('y'));
    const forced = await held.run([...args, '--yes', '--json']);

    expect(asked).toHaveLength(2);
    expect(asked[0]).toContain('is kept beside it');
    expect(agreed.out).toContain('/data/holdfast.db.replaced-1');
    expect(JSON.parse(forced.out)).toEqual(REBUILT);
    expect(started).toEqual([job, job]);
  });

  it('status says what happened to the database, where it is, and how far the new one is', async () => {
    const recovery: StoreRecovery = {
      ...{
        at: 1_700_000_000_000,
        cause: 'damage',
        reason: 'It was damaged.',
        setAside: '/data/old.db',
        backup: 'b.db',
      },
      ...{ state: 'catching-up', doneBytes: 5_000_000, totalBytes: 20_000_000, salvaged: 0, endedAt: null },
    };
    const damagedRanges = [{ archivePath: 'claude-code/x/y.jsonl', start: 10, end: 20, foundAt: 1 }];
    const scrub = { ...NO_UPKEEP.scrub, damaged: 1, damagedRanges };
    const snapshot = snapshotOf({ upkeep: { ...NO_UPKEEP, recovery, scrub } });
    const held = await start({ 'status.get': () => Promise.resolve(snapshot) });

    const { out } = await held.run(['status']);

    expect(out).toMatch(/Recovery .*It was damaged\. .*5 MB of 20 MB.*backup b\.db.*\/data\/old\.db/);
    expect(out).toMatch(/Damaged .*y\.jsonl 10–20/);
    expect(out).toMatch(/Backups .*last one not yet/);
    expect(JSON.parse((await held.run(['status', '--json'])).out)).toMatchObject({ status: { upkeep: { recovery } } });
  });
});
