import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../shared/exchange.ts';
import type { Handlers, ParsedArgsOf } from '../../shared/ipc.ts';
import type { ImportReport, JobReport, JobView, VerifyReport } from '../../shared/status.ts';
import {
  doneJob,
  exchangeOf,
  healthOf,
  jobOf,
  sessionOf,
  snapshotOf,
  summaryOf,
} from '../engine/api/test-support/fake-engine.ts';
import { EngineError } from '../engine/core/errors.ts';
import { CommandHarness } from './test-support/command-harness.ts';

const importReport: ImportReport = {
  kind: 'import',
  files: 12,
  bytes: 345,
  records: 67,
  exchanges: 8,
  subagentExchanges: 2,
  imported: 9,
  skipped: 3,
  failed: 0,
  newRecords: 60,
  quarantined: 1,
  failures: [],
  proof: null,
};
const verifyReport: VerifyReport = {
  kind: 'verify',
  files: 12,
  bytes: 345,
  records: 67,
  exchanges: 8,
  subagentExchanges: 2,
  missing: 0,
  duplicated: 0,
  quarantined: 1,
  drift: 2,
  missingBytes: [],
  missingRecords: [],
  unreadable: [],
};

/** What a search without options asks for, besides its words. */
const EVERYTHING = {
  order: 'newest',
  agent: null,
  project: null,
  from: null,
  to: null,
  role: null,
  tool: null,
  hasCode: false,
  before: null,
};

describe('holdfast', () => {
  let harness: CommandHarness | null = null;

  afterEach(async () => {
    const open = harness;
    harness = null;
    await open?.close();
  });

  async function start(handlers: Partial<Handlers> = {}): Promise<CommandHarness> {
    harness = await CommandHarness.start(handlers);
    return harness;
  }

  /** Handlers of a job that is seen running once and then ends so. */
  function jobEnding(end: JobView, started: ParsedArgsOf<'jobs.start'>[] = []): Partial<Handlers> {
    let looks = 0;
    return {
      'jobs.start': (args) => {
        started.push(args);
        return Promise.resolve({ id: 'job-1' });
      },
      'jobs.get': () => {
        looks += 1;
        return Promise.resolve(looks === 1 ? jobOf({ kind: end.kind }) : end);
      },
    };
  }
  const jobReporting = (report: JobReport, started: ParsedArgsOf<'jobs.start'>[] = []) =>
    jobEnding(doneJob(report), started);

  describe('status', () => {
    it('shows state, queue, last save and capture gaps on one screen', async () => {
      const { run } = bound(await start({ 'status.get': () => Promise.resolve(snapshotOf({ captureGap: 4 })) }));

      const { code, out, err } = await run('status');

      expect(code).toBe(0);
      expect(out).toMatch(/^Recording\. Everything is saved\./);
      expect(out).toMatch(/Queue\s+Redis 8\.0\.0: 3 entries, 1 pending/);
      expect(out).toMatch(/Last save\s+.*2023/);
      expect(out).toMatch(/Capture gaps\s+4 prompts/);
      expect(err).toBe('');
      expect(out.split('\n').length).toBeLessThan(25);
    });

    it('names what is wrong', async () => {
      const usual = snapshotOf();
      const health = { state: 'degraded', since: 1, reason: 'REDIS_BYPASSED' } as const;
      const snapshot = snapshotOf({ overall: 'warn', queue: { ...usual.queue, health, mode: 'bypass', depth: null } });
      const { run } = bound(await start({ 'status.get': () => Promise.resolve(snapshot) }));

      const { out } = await run('status');

      expect(out).toMatch(/Problems\s+Redis could not be started/);
      expect(out).toMatch(/bypass \(without Redis\): unknown entries/);
    });

    it('gives the whole snapshot as JSON', async () => {
      const { run } = bound(await start());

      const { out } = await run('status', '--json');

      expect(JSON.parse(out)).toMatchObject({ running: true, status: snapshotOf() });
    });

    it('says that nothing runs, without making a database only to say so', async () => {
      const held = await start();
      await held.stopEngine();
      const before = await readdir(held.home);

      const { code, out } = await held.run(['status']);

      expect(code).toBe(0);
      expect(out).toMatch(/^Not running\./);
      expect(await readdir(held.home)).toEqual(before);
      expect(JSON.parse((await held.run(['status', '--json'])).out)).toMatchObject({ running: false, status: null });
    });
  });

  describe('health', () => {
    it.each([
      ['healthy', 0],
      ['degraded', 0],
      ['unhealthy', 1],
    ] as const)('of an engine that is %s ends with %i', async (status, expected) => {
      const { run } = bound(await start({ 'health.get': () => Promise.resolve(healthOf(status)) }));

      const text = await run('health');
      const json = await run('health', '--format', 'json');

      expect(text.code).toBe(expected);
      expect(text.out).toMatch(/redis\s+1\.5 ms\s+Redis answered\./);
      expect(JSON.parse(json.out)).toEqual(healthOf(status));
      expect(json.code).toBe(expected);
    });

    it('ends with 3 when nothing runs', async () => {
      const held = await start();
      await held.stopEngine();

      const { code, out, err } = await held.run(['health']);

      expect({ code, out }).toEqual({ code: 3, out: '' });
      expect(err).toMatch(/^holdfast: Holdfast is not running/);
    });

    it('ends with 2 when the settings cannot be read, and says where', async () => {
      const held = await start();
      await writeFile(path.join(held.home, 'settings.json'), '{ "capture": ');

      const { code, out, err } = await held.run(['health', '--json']);

      expect(code).toBe(2);
      expect(JSON.parse(out)).toMatchObject({ error: { code: 'CONFIG_INVALID' } });
      expect(err).toMatch(/settings\.json is not valid JSON at line 1, column/);
    });
  });

  describe('import', () => {
    it('ends with every figure of the report and shows its progress beside the data', async () => {
      const started: ParsedArgsOf<'jobs.start'>[] = [];
      const { run } = bound(await start(jobReporting(importReport, started)));

      const { code, out, err } = await run('import');

      expect(code).toBe(0);
      expect(started).toEqual([{ kind: 'import', paths: [] }]);
      for (const line of [
        /^files\s+12$/m,
        /^bytes\s+345 /m,
        /^records\s+67$/m,
        /^exchanges\s+8 \(and 2 of subagents\)$/m,
      ]) {
        expect(out).toMatch(line);
      }
      for (const line of [/^imported\s+9$/m, /^skipped\s+3$/m, /^failed\s+0$/m, /^quarantined\s+1$/m]) {
        expect(out).toMatch(line);
      }
      expect(err).toMatch(/^archiving: 1 of 2 files/);
    });

    it('prints nothing but the report as JSON', async () => {
      const { run } = bound(await start(jobReporting(importReport)));

      expect(JSON.parse((await run('import', '--json')).out)).toEqual(importReport);
    });

    it('ends with 1 and the reasons if a file failed', async () => {
      const failures = [{ path: '/t/a.jsonl', reason: 'EACCES' }];
      const { run } = bound(await start(jobReporting({ ...importReport, failed: 3, failures })));

      const { code, out } = await run('import');

      expect(code).toBe(1);
      expect(out).toContain('failed: /t/a.jsonl: EACCES\nfailed: and 2 more\n');
    });

    it('resolves paths where it was called, and refuses one that is not there', async () => {
      const started: ParsedArgsOf<'jobs.start'>[] = [];
      const held = await start(jobReporting(importReport, started));
      await mkdir(path.join(held.home, 'old'));

      const there = await held.run(['import', 'old']);
      const missing = await held.run(['import', 'old', 'gone']);

      expect(there.code).toBe(0);
      expect(missing).toMatchObject({ code: 1, out: '' });
      expect(missing.err).toMatch(/Cannot import .*gone: there is nothing/);
      expect(started).toEqual([{ kind: 'import', paths: [path.join(held.home, 'old')] }]);
    });

    it('passes on why a job failed or could not start', async () => {
      const failed = jobOf({ state: 'failed', error: { code: 'STORE_FULL', message: 'The disk is full.' } });
      const { run } = bound(await start(jobEnding(failed)));

      expect(await run('import')).toMatchObject({ code: 1, out: '' });
      expect((await run('import', '--json')).out).toContain('"STORE_FULL"');
    });

    it('cancels the job when interrupted, waits for its end and leaves with 130', async () => {
      const interrupt = new AbortController();
      const calls: string[] = [];
      const held = await start({
        'jobs.get': () => {
          calls.push('get');
          if (!calls.includes('cancel')) interrupt.abort();
          return Promise.resolve(jobOf({ state: calls.includes('cancel') ? 'cancelled' : 'running' }));
        },
        'jobs.cancel': () => {
          calls.push('cancel');
          return Promise.resolve(jobOf());
        },
      });

      const { code, out, err } = await held.run(['import'], { interrupted: () => interrupt.signal });

      expect({ code, out, calls }).toEqual({ code: 130, out: '', calls: ['get', 'cancel', 'get'] });
      expect(err).toMatch(/what was saved so far stays saved/);
    });
  });

  describe('resync', () => {
    it('wants to know what, and only one thing', async () => {
      const { run } = bound(await start());

      expect(await run('resync')).toMatchObject({ code: 2, out: '' });
      expect(await run('resync', '--all', '--session', 'x')).toMatchObject({ code: 2, out: '' });
    });

    it('ends with the proof, whose failure is its own', async () => {
      const started: ParsedArgsOf<'jobs.start'>[] = [];
      const report = { ...importReport, kind: 'resync', proof: { ...verifyReport, missing: 1 } } as const;
      const { run } = bound(await start(jobReporting(report, started)));

      const { code, out } = await run('resync', '--session', 'abc');

      expect(code).toBe(1);
      expect(started).toEqual([{ kind: 'resync', session: 'abc', project: null }]);
      expect(out).toMatch(/Proof:\nfiles\s+12[^]*missing\s+1\n/);
    });
  });

  describe('verify', () => {
    it('ends with 0 when everything is there once', async () => {
      const { run } = bound(await start(jobReporting(verifyReport)));

      const { code, out } = await run('verify');

      expect(code).toBe(0);
      for (const line of [/^missing\s+0$/m, /^duplicated\s+0$/m, /^quarantined\s+1$/m, /^drift\s+2$/m]) {
        expect(out).toMatch(line);
      }
    });

    it.each([
      ['something is missing', { missing: 1 }, 'missing'],
      ['something is there twice', { duplicated: 1 }, 'duplicated'],
      ['bytes differ', { missingBytes: [{ path: '/t/a.jsonl', offset: 7 }] }, 'missing bytes: /t/a.jsonl from byte 7'],
      ['records are missing', { missingRecords: ['k9'] }, 'missing record: k9'],
    ])('ends with 1 when %s', async (_what, changes, shown) => {
      const { run } = bound(await start(jobReporting({ ...verifyReport, ...changes })));

      const { code, out } = await run('verify');

      expect(code).toBe(1);
      expect(out).toContain(shown);
    });
  });

  describe('restore', () => {
    it('tells what was written and ends with 1 at a conflict', async () => {
      const started: ParsedArgsOf<'jobs.start'>[] = [];
      const written = [{ path: '/t/a.jsonl', bytes: 12, sha256: 'ab' }];
      const report = { kind: 'restore', written, unchanged: ['/t/b'], conflicts: ['/t/c'] } as const;
      const held = await start(jobReporting(report, started));

      const { code, out } = await held.run(['restore', 'abc', '--to', 'back']);

      expect(code).toBe(1);
      expect(out).toMatch(/written\s+\/t\/a\.jsonl[^]*unchanged\s+\/t\/b[^]*conflict\s+\/t\/c/);
      expect(started).toEqual([{ kind: 'restore', session: 'abc', to: path.join(held.home, 'back') }]);
    });
  });

  describe('search, list and show', () => {
    it('joins the words of a search and prints what was found', async () => {
      const asked: unknown[] = [];
      const hit = { exchange: summaryOf({ title: 'Drop it' }), snippet: 'the \uE000anchor\uE001 here', cursor: 7 };
      const { run } = bound(
        await start({
          'search.query': (args) => {
            asked.push(args);
            return Promise.resolve([hit]);
          },
        }),
      );

      const { out } = await run('search', 'the', 'anchor', '--limit', '5');

      expect(asked).toEqual([{ query: 'the anchor', limit: 5, ...EVERYTHING }]);
      expect(out).toMatch(/session-1 .*\n {2}Drop it\n {2}the anchor here\n$/);
      expect(JSON.parse((await run('search', 'anchor', '--json')).out)).toEqual([hit]);
    });

    it('asks only for what the filters say', async () => {
      const asked: unknown[] = [];
      const { run } = bound(
        await start({
          'search.query': (args) => {
            asked.push(args);
            return Promise.resolve([]);
          },
        }),
      );

      const words = [
        'search',
        'anchor',
        '--rank',
        '--agent',
        'claude-code',
        '--role',
        'answer',
        '--tool',
        'Bash',
        '--code',
      ];
      await run(...words, '--since', '2026-03-01', '--until', '2026-03-31');

      expect(asked).toEqual([
        {
          ...EVERYTHING,
          query: 'anchor',
          limit: 20,
          order: 'rank',
          agent: 'claude-code',
          role: 'answer',
          tool: 'Bash',
          hasCode: true,
          from: new Date(2026, 2, 1).getTime(),
          to: new Date(2026, 3, 1).getTime() - 1,
        },
      ]);
      expect(await run('search', 'x', '--since', 'March')).toMatchObject({ code: 2 });
    });

    it('keeps data clean of notices when nothing is found', async () => {
      const { run } = bound(await start());

      expect(await run('search', 'nothing')).toEqual({ code: 0, out: '', err: 'Nothing found.\n' });
    });

    it('lists whole ids where the output is no terminal', async () => {
      const sessions = [sessionOf({ id: 'a'.repeat(36) }), sessionOf({ id: 'b'.repeat(36), sourcePresent: false })];
      const asked: unknown[] = [];
      const held = await start({
        'sessions.list': (args) => {
          asked.push(args);
          return Promise.resolve(sessions);
        },
      });

      const { out } = await held.run(['list', '--project', 'work']);

      expect(asked).toEqual([{ limit: 100, offset: 0, project: path.join(held.home, 'work') }]);
      expect(out).toContain('a'.repeat(36));
      expect(out).toMatch(/Looking around \(deleted by the agent\)/);
    });

    it('shows a session, and passes on that a beginning is ambiguous', async () => {
      const { run } = bound(
        await start({
          'sessions.get': ({ session }) =>
            session === 'session'
              ? Promise.reject(new EngineError('AMBIGUOUS', 'Several sessions begin with "session".'))
              : Promise.resolve({ session: sessionOf(), exchanges: [exchangeOf()] }),
        }),
      );

      expect((await run('show', 'session-1')).out).toMatch(/Looking around\n[^]*What is here\?[^]*Three files\.\n$/);
      expect((await run('show', 'session-1')).out).not.toContain('ls -la');
      expect((await run('show', 'session-1', '--full')).out).toContain('Bash: ls -la');
      expect(await run('show', 'session')).toMatchObject({
        code: 1,
        out: '',
        err: 'holdfast: Several sessions begin with "session".\n',
      });
    });
  });

  describe('export', () => {
    const exchanges = ['k1', 'k2', 'k3'].map((key) => exchangeOf({ key }));

    function pages(items: readonly Exchange[]): Partial<Handlers> {
      return {
        'exchanges.page': ({ after }) =>
          Promise.resolve({ items: items.slice(after, after + 2), next: after + 2 < items.length ? after + 2 : null }),
        'sessions.get': () => Promise.resolve({ session: sessionOf(), exchanges: items.slice(0, 1) }),
      };
    }

    it('prints a line for each exchange over all pages, and nothing else', async () => {
      const { run } = bound(await start(pages(exchanges)));

      const { code, out, err } = await run('export', '--all', '--format', 'jsonl');

      const lines = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: string });
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(lines.map(({ id }) => id)).toEqual(['k1', 'k2', 'k3']);
      expect(lines[0]).toMatchObject({ prompt: 'What is here?', answers: ['Three files.'], tools: [{ name: 'Bash' }] });
    });

    it('prints one array as JSON, even of nothing', async () => {
      const { run } = bound(await start(pages(exchanges)));
      expect(JSON.parse((await run('export', '--all', '--json')).out)).toHaveLength(3);
      await harness?.close();

      const empty = bound(await start(pages([])));
      expect(JSON.parse((await empty.run('export', '--all', '--format', 'json')).out)).toEqual([]);
    });

    it('exports one session', async () => {
      const { run } = bound(await start(pages(exchanges)));

      expect((await run('export', 'session-1')).out.split('\n')).toHaveLength(2);
      expect(await run('export')).toMatchObject({ code: 2, out: '' });
      expect(await run('export', 'session-1', '--all')).toMatchObject({ code: 2, out: '' });
    });

    it('writes a file whole, and over another one only when told to', async () => {
      const held = await start(pages(exchanges));
      const file = path.join(held.home, 'all.jsonl');
      await writeFile(file, 'precious');

      const refused = await held.run(['export', '--all', '--output', 'all.jsonl']);
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(await readFile(file, 'utf8')).toBe('precious');

      const forced = await held.run(['export', '--all', '--output', 'all.jsonl', '--force']);
      expect(forced).toMatchObject({ code: 0, out: '' });
      expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(3);
    });

    function documents(): Partial<Handlers> {
      const sessions = ['session-1', 'session-2'].map((id) => sessionOf({ id, title: `Otters in ${id}` }));
      return {
        'sessions.list': ({ offset }) => Promise.resolve(sessions.slice(offset)),
        'sessions.get': ({ session }) =>
          Promise.resolve({ session: sessionOf({ id: session }), exchanges: exchanges.slice(0, 1) }),
        'records.bodies': ({ records }) =>
          Promise.resolve(
            records.map((record) => ({ record, bodies: [{ kind: 'input', useId: null, text: 'ls --all' }] })),
          ),
      };
    }

    it('prints a session as Markdown and as HTML, with what was put into tools', async () => {
      const { run } = bound(await start(documents()));

      expect((await run('export', 'session-1', '--format', 'md')).out).toContain('ls --all');
      expect((await run('export', 'session-1', '--format', 'html', '--tools', 'none')).out).not.toContain('ls --all');
    });

    it('writes a document for each session of a project into a folder, or into a zip', async () => {
      const held = await start(documents());

      const folder = await held.run(['export', '--project', '/work', '--format', 'md', '--output', 'docs']);
      const zip = await held.run(['export', '--all', '--format', 'html', '--output', 'docs.zip']);

      expect(folder).toMatchObject({ code: 0, out: '' });
      const names = await readdir(path.join(held.home, 'docs', 'claude-code'));
      expect(names.map((name) => name.replace(/^[^o]*/u, ''))).toEqual([
        'otters-in-session-1-session-1.md',
        'otters-in-session-2-session-2.md',
      ]);
      expect(zip).toMatchObject({ code: 0 });
      const unpacked = unzipSync(await readFile(path.join(held.home, 'docs.zip')));
      expect(Object.keys(unpacked)).toHaveLength(2);
      expect(Object.values(unpacked).map((file) => strFromU8(file).slice(0, 15))).toEqual(
        Array(2).fill('<!doctype html>'),
      );
      expect(await held.run(['export', '--all', '--format', 'md'])).toMatchObject({ code: 2 });
    });

    it('leaves the older file and no half one when it breaks off', async () => {
      const held = await start({
        'exchanges.page': ({ after }) =>
          after === 0
            ? Promise.resolve({ items: exchanges, next: 3 })
            : Promise.reject(new EngineError('STORE_FAILED', 'The database cannot be read.')),
      });
      const file = path.join(held.home, 'all.jsonl');
      await writeFile(file, 'precious');
      const before = await readdir(held.home);

      const { code } = await held.run(['export', '--all', '--output', 'all.jsonl', '--force']);

      expect(code).toBe(1);
      expect(await readFile(file, 'utf8')).toBe('precious');
      expect(await readdir(held.home)).toEqual(before);
    });
  });

  describe('dead-letters', () => {
    const letter = {
      id: 7,
      archivePath: 'claude-code/x/a.jsonl',
      sourcePath: null,
      start: 10,
      end: 20,
      reason: 'not-json',
      at: 1_700_000_000_000,
      state: 'kept',
    } as const;

    it('lists them, also when nothing more is said', async () => {
      const { run } = bound(await start({ 'deadLetters.list': () => Promise.resolve([letter]) }));

      const { out } = await run('dead-letters', 'list');

      expect(out).toMatch(/^ID .*\n7 .*kept\s+not-json\s+10–20\s+claude-code\/x\/a\.jsonl\n$/);
      expect((await run('dead-letters')).out).toBe(out);
      expect(JSON.parse((await run('dead-letters', '--json')).out)).toEqual([letter]);
    });

    it('retries or discards one or all', async () => {
      const asked: unknown[] = [];
      const answer = (what: string) => (args: unknown) => {
        asked.push([what, args]);
        return Promise.resolve({ count: 2 });
      };
      const { run } = bound(
        await start({ 'deadLetters.retry': answer('retry'), 'deadLetters.discard': answer('discard') }),
      );

      expect(await run('dead-letters', 'retry', '7')).toMatchObject({ code: 0, out: '2 queued again\n' });
      expect(await run('dead-letters', 'discard', '--all')).toMatchObject({ code: 0, out: '2 discarded\n' });
      expect(await run('dead-letters', 'discard')).toMatchObject({ code: 2, out: '' });
      expect(await run('dead-letters', 'retry', 'x')).toMatchObject({ code: 2, out: '' });
      expect(asked).toEqual([
        ['retry', { id: 7 }],
        ['discard', { id: null }],
      ]);
    });
  });

  describe('run', () => {
    async function runIn(env: Record<string, string>, args: readonly string[], desktop: number | null) {
      const calls: unknown[] = [];
      const held = await start();
      const engine = { ...bound(held).engine, platform: 'linux', env } as const;
      const finished = await held.run(['run', ...args], {
        engine,
        runHeadless: (passed) => {
          calls.push(['headless', ...passed]);
          return Promise.resolve(0);
        },
        runDesktop: (passed) => {
          calls.push(['desktop', ...passed]);
          return Promise.resolve(desktop);
        },
      });
      return { ...finished, calls };
    }

    it('is headless without a display', async () => {
      const { code, calls } = await runIn({}, ['--port', '0', '--no-open'], 0);

      expect({ code, calls }).toEqual({ code: 0, calls: [['headless', '--headless', '--port', '0', '--no-open']] });
    });

    it('is headless when told so, display or not', async () => {
      expect((await runIn({ DISPLAY: ':1' }, ['--headless'], 0)).calls).toEqual([['headless', '--headless']]);
    });

    it('is the desktop program with a display, whose exit code it passes on', async () => {
      const { code, calls } = await runIn({ WAYLAND_DISPLAY: 'wayland-0' }, [], 5);

      expect({ code, calls }).toEqual({ code: 5, calls: [['desktop']] });
    });

    it('says what to do when there is no desktop program here', async () => {
      const { code, err } = await runIn({ DISPLAY: ':1' }, [], null);

      expect(code).toBe(1);
      expect(err).toMatch(/add --headless/);
    });

    it('refuses what is no port', async () => {
      expect(await runIn({}, ['--port', '70000'], 0)).toMatchObject({ code: 2, calls: [] });
    });
  });

  describe('in any case', () => {
    const commands = 'run status health import resync verify restore search list show export dead-letters'.split(' ');

    it.each(commands)('%s has a help that tells its exit codes', async (command) => {
      const { run } = bound(await start());

      const { code, out, err } = await run(command, '--help');

      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(`Usage: holdfast ${command}`);
      expect(out).toContain('Exit codes:');
    });

    it('shows the help when nothing is said, and refuses what it does not know', async () => {
      const { run } = bound(await start());

      expect(await run()).toMatchObject({ code: 0, out: expect.stringContaining('Usage: holdfast') as unknown });
      expect(await run('frobnicate')).toEqual({ code: 2, out: '', err: "holdfast: Unknown command 'frobnicate'\n" });
      expect((await run('list', '--limit', '0')).code).toBe(2);
      expect((await run('show', '--json')).out).toContain('"IPC_BAD_ARGUMENT"');
      expect((await run('--version')).out).toBe('0.1.0\n');
    });

    it('ends with 2 and one sentence when the data folder cannot be one', async () => {
      const held = await start();
      const file = path.join(held.home, 'file');
      await writeFile(file, 'kept');

      const { code, out, err } = await held.run(['list'], { engine: { ...held.engine, home: file } });

      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^holdfast: Holdfast cannot write to its data folder .*\n$/);
      expect(await readFile(file, 'utf8')).toBe('kept');
    });

    it('ends with 3 when the engine goes away under a command', async () => {
      const held = await start({
        'exchanges.page': async () => {
          // Not awaited: the stop waits for this very answer.
          void held.stopEngine();
          return new Promise(() => undefined);
        },
      });

      const { code, out, err } = await held.run(['export', '--all']);

      expect({ code, out }).toEqual({ code: 3, out: '' });
      expect(err).toMatch(/does not answer any more/);
    });
  });
});

function bound(held: CommandHarness) {
  return { run: (...args: readonly string[]) => held.run(args), engine: held.engine };
}
