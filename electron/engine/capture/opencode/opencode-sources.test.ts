import { appendFileSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../../shared/exchange.ts';
import { answersOf, toolsOf } from '../../parse/exchange-parts.ts';
import { rowsOf } from '../../store/test-support/store-state.ts';
import { OpencodeBed } from './test-support/opencode-bed.ts';
import { OpencodeDatabase } from './test-support/opencode-database.ts';
import { RunningProgram } from './test-support/running-program.ts';

const SESSION = 'ses_one';
const OTHER = 'ses_two';

function told(bed: OpencodeBed): readonly (readonly unknown[])[] {
  return bed.exchanges().map(({ sessionId, prompt, parts, state }) => [sessionId, prompt, answersOf(parts), state]);
}

function only(bed: OpencodeBed): Exchange {
  const [exchange, ...more] = bed.exchanges();
  if (exchange === undefined || more.length > 0) throw new Error(`${more.length + 1} exchanges`);
  return exchange;
}

function linesOf(bed: OpencodeBed): number {
  const lines = Object.values(bed.mirror()).flatMap((text) => text.split('\n'));
  return lines.filter((line) => line.startsWith('{"table"')).length;
}

describe('a database of opencode', () => {
  it('gives every exchange with its words, in its session, under its title and project', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'What is the capital of Portugal?', 'Lisbon.');
    agent.session({ id: OTHER, directory: '/home/ana/other', title: 'Fruit' });
    agent.exchange(OTHER, 'Name a fruit.', 'A fig �, and é.');
    agent.exchange(SESSION, 'And of Spain?', 'Madrid.');
    agent.retitle(SESSION, 'Capitals');

    expect(await bed.follow()).toBe('advanced');

    expect(told(bed)).toEqual([
      [SESSION, 'What is the capital of Portugal?', ['Lisbon.'], 'complete'],
      [OTHER, 'Name a fruit.', ['A fig �, and é.'], 'complete'],
      [SESSION, 'And of Spain?', ['Madrid.'], 'complete'],
    ]);
    const titles = bed.store.prepare('SELECT native_id, title, project FROM session ORDER BY native_id').raw().all();
    expect(titles).toEqual([
      [SESSION, 'Capitals', '/home/ana/work'],
      [OTHER, 'Fruit', '/home/ana/other'],
    ]);
    expect([bed.audit.drift(), bed.audit.duplicates(), bed.figures.deadLetters(9)]).toEqual([0, 0, []]);
  });

  it('follows rows that change in place, while the agent has it open and nothing has left its log', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const prompt = agent.prompt(SESSION, 'List the files.');
    const answer = agent.begin(SESSION, prompt);
    const state = { status: 'running', input: { command: 'ls -la' } };
    const tool = agent.part(SESSION, answer.message, { type: 'tool', tool: 'bash', callID: 'call_0', state });
    await bed.follow();
    const during = only(bed);

    agent.change('part', tool, {
      state: { ...state, status: 'completed', output: 'a.txt', time: { start: 1, end: 2 } },
    });
    await bed.follow();
    agent.finish(SESSION, answer, 'There is one file.');
    await bed.follow();

    const after = only(bed);
    expect([during.state, answersOf(during.parts)]).toEqual(['open', []]);
    expect(toolsOf(during.parts).map((part) => [part.name, part.summary])).toEqual([['bash', 'ls -la']]);
    expect([after.state, answersOf(after.parts)]).toEqual(['complete', ['There is one file.']]);
    expect(after.parts.map((part) => part.kind)).toEqual(['text', 'tool', 'tool-result']);
    expect(bed.audit.duplicates()).toBe(0);
  });

  it('keeps every state of a row in the archive', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const answer = agent.begin(SESSION, agent.prompt(SESSION, 'Count.'));
    for (const text of ['one', 'one two', 'one two three']) {
      agent.change('part', answer.text, { text });
      await bed.follow();
    }

    const states = bed
      .mirror()
      [`opencode.db/${SESSION}.jsonl`]?.split('\n')
      .flatMap((line) => (line.includes(`["${answer.text}"]`) ? [JSON.parse(line) as { row: { data: string } }] : []))
      .map(({ row }) => (JSON.parse(row.data) as { text: string }).text);
    expect(states).toEqual(['one', 'one two', 'one two three']);
    expect(answersOf(only(bed).parts)).toEqual(['one two three']);
  });

  it('costs a look at two files and no row when nothing was written, also in the next run', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    for (let i = 0; i < 50; i += 1) agent.exchange(SESSION, `Question ${i}`, `Answer ${i}`);
    await settled(bed);
    const lines = linesOf(bed);
    const rows = rowsOf(bed.store);
    bed.opened.length = 0;

    expect(await bed.follow()).toBe('unchanged');
    await bed.restart();
    expect(await bed.follow()).toBe('unchanged');

    expect(bed.opened).toEqual([]);
    expect([linesOf(bed), rowsOf(bed.store)]).toEqual([lines, rows]);
  });

  it('reads next to nothing for one more exchange', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent(Date.now() - 3_600_000);
    agent.session({ id: SESSION });
    for (let i = 0; i < 300; i += 1) agent.exchange(SESSION, `Question ${i}`, `Answer ${i}`);
    await settled(bed);
    const first = bed.opened.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
    bed.opened.length = 0;

    agent.exchange(SESSION, 'One more', 'Yes');
    expect(await bed.follow()).toBe('advanced');

    const second = bed.opened.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
    // The shape of the tables and a few rows, however many there are.
    expect(first).toBeGreaterThan(1500);
    expect(second).toBeLessThan(120);
    expect(bed.exchanges()).toHaveLength(301);
  });

  it('adds nothing when it is read again thoroughly, or after its log was emptied', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    await bed.follow();
    const [lines, rows] = [linesOf(bed), rowsOf(bed.store)];

    expect(await bed.follow(true)).toBe('unchanged');
    agent.database.pragma('wal_checkpoint(TRUNCATE)');
    expect(await bed.follow()).toBe('unchanged');
    agent[Symbol.dispose]();
    expect(await bed.follow()).toBe('unchanged');
    await bed.restart();
    expect(await bed.follow(true)).toBe('unchanged');

    expect([linesOf(bed), rowsOf(bed.store)]).toEqual([lines, rows]);
  });

  it('finds by a thorough comparison what was changed without a new time, and far back', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const answer = agent.begin(SESSION, agent.prompt(SESSION, 'Hello'));
    agent.finish(SESSION, answer, 'Hi');
    await settled(bed);
    const data = JSON.stringify({ type: 'text', text: 'Hi there' });
    agent.database.prepare('UPDATE part SET data = ? WHERE id = ?').run(data, answer.text);

    await bed.follow();
    const before = answersOf(only(bed).parts);
    expect(await bed.follow(true)).toBe('advanced');

    expect([before, answersOf(only(bed).parts)]).toEqual([['Hi'], ['Hi there']]);
  });

  it('goes on where it broke off, without a second line for what is there', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'One', '1');
    agent.session({ id: OTHER });
    agent.exchange(OTHER, 'Two', '2');
    await bed.follow();
    const whole = bed.mirror();
    const mirrorOf = (name: string): string =>
      path.join(bed.archiveDirectory, 'opencode', bed.root.rootKey, 'opencode.db', name);
    // Killed in the middle: one session was written, another one in part, and no word of where it was.
    rmSync(mirrorOf('database.jsonl'));
    rmSync(mirrorOf(`${OTHER}.jsonl`));
    bed.store.exec(
      `PRAGMA foreign_keys = OFF; DELETE FROM segment; DELETE FROM generation WHERE archive_path NOT LIKE '%${SESSION}.jsonl'`,
    );
    appendFileSync(mirrorOf(`${OTHER}.jsonl`), '{"table":"session","key":["ses_tw');
    await bed.restart();

    await bed.follow();

    expect(bed.mirror()[`opencode.db/${SESSION}.jsonl`]).toBe(whole[`opencode.db/${SESSION}.jsonl`]);
    expect(bed.mirror()[`opencode.db/${OTHER}.jsonl`]).toBe(
      `{"table":"session","key":["ses_tw\n${whole[`opencode.db/${OTHER}.jsonl`] ?? ''}`,
    );
    expect(told(bed).map(([, prompt]) => prompt)).toEqual(['One', 'Two']);
    expect(bed.figures.deadLetters(9)).toHaveLength(1);
  });

  it('says nothing of an agent that is not installed, or has no conversation yet', async () => {
    await using bed = new OpencodeBed();
    expect(await bed.sources.list()).toEqual([]);

    mkdirSync(bed.root.directory, { recursive: true });
    writeFileSync(path.join(bed.root.directory, 'auth.json'), '{}');
    expect(await bed.sources.list()).toEqual([]);

    new Sqlite(bed.file).close();
    expect(await bed.sources.list()).toEqual([bed.file]);
    expect(await bed.follow()).toBe('unchanged');
    expect(bed.sources.failures()).toEqual([]);
  });

  it('recognises what happens beside a database as its own', async () => {
    await using bed = new OpencodeBed();
    const at = (name: string): string | null => bed.sources.sourceOf(path.join(bed.root.directory, name));

    expect(['opencode.db', 'opencode.db-wal', 'opencode.db-shm', 'opencode-dev.db-wal'].map(at)).toEqual(
      ['opencode.db', 'opencode.db', 'opencode.db', 'opencode-dev.db'].map((name) =>
        path.join(bed.root.directory, name),
      ),
    );
    expect(['auth.json', 'other.db', 'opencode.db.bak', 'log/opencode.db'].map(at)).toEqual([null, null, null, null]);
  });
});

describe('a capturer', () => {
  it('reads databases with everything else, and tells of one that it cannot read', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    const capturer = bed.capturer();
    await capturer.start(new AbortController().signal);
    const whole = await capturer.reconcile({ thorough: false });
    const again = await capturer.reconcile({ thorough: true, paths: [bed.root.directory] });
    const damaged = path.join(bed.root.directory, 'opencode-dev.db');
    writeFileSync(damaged, 'x'.repeat(5000));
    const failed = await capturer.reconcile({ thorough: false });
    await capturer.stop();

    expect([whole.advanced, whole.failures, again.advanced]).toEqual([1, [], 0]);
    expect(told(bed)).toEqual([[SESSION, 'Name a fruit.', ['A fig.'], 'complete']]);
    expect(failed.failures.map((failure) => failure.path)).toEqual([damaged]);
    expect([...capturer.facts.skipped.keys()]).toEqual([damaged]);
    expect(capturer.facts.missingRoots).toEqual([]);
  });

  it('says nothing of an agent that is not installed', async () => {
    await using bed = new OpencodeBed();
    const capturer = bed.capturer();
    await capturer.start(new AbortController().signal);
    const { files, failures } = await capturer.reconcile({ thorough: true });
    await capturer.stop();

    expect([files, failures, bed.opened, bed.sources.failures()]).toEqual([0, [], [], []]);
  });
});

describe('reading a database of opencode', () => {
  it.each([
    ['open, its log not emptied', (program: RunningProgram) => program.tell('say Really?')],
    ['open, its log emptied', (program: RunningProgram) => program.tell('checkpoint')],
    ['killed', (program: RunningProgram) => program.end('kill')],
    ['closed', (program: RunningProgram) => program.end('close')],
  ])('leaves no trace when its program is %s', async (_how, leave) => {
    await using bed = new OpencodeBed();
    await using program = await RunningProgram.start(bed.file, SESSION);
    await program.tell('say Name a fruit.');
    await leave(program);
    const before = bed.agentFiles();

    expect(await bed.follow()).toBe('advanced');
    expect(await bed.follow(true)).toBe('unchanged');

    expect(bed.agentFiles()).toEqual(before);
    expect(told(bed)[0]).toEqual([SESSION, 'Name a fruit.', ['You said: Name a fruit.'], 'complete']);
  });

  it('makes no file beside a database with a rollback journal', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    agent.database.pragma('journal_mode = DELETE');
    agent.database.close();
    const before = bed.agentFiles();

    expect(await bed.follow()).toBe('advanced');

    expect(bed.agentFiles()).toEqual(before);
    expect(bed.agentFiles()).toHaveLength(1);
  });

  it('keeps up with a program that changes its rows while they are read', async () => {
    await using bed = new OpencodeBed();
    await using program = await RunningProgram.start(bed.file, SESSION);
    const said = Array.from({ length: 30 }, (_, i) => `Prompt ${i}`);
    const writing = program.tell(...said.map((prompt) => `say ${prompt}`), 'checkpoint', 'say After the checkpoint');
    let isWriting = true;
    void writing.finally(() => (isWriting = false));

    for (let looks = 0; isWriting || looks < 3; looks += 1) await bed.follow();
    await writing;
    await program.end('close');
    await bed.follow();

    expect(told(bed)).toEqual(
      [...said, 'After the checkpoint'].map((prompt) => [SESSION, prompt, [`You said: ${prompt}`], 'complete']),
    );
    expect([bed.audit.duplicates(), bed.audit.drift(), bed.figures.deadLetters(9)]).toEqual([0, 0, []]);
    expect(await bed.follow(true)).toBe('unchanged');
  });

  it('takes the last changes from a log that was copied without its index', async () => {
    await using bed = new OpencodeBed();
    mkdirSync(bed.root.directory, { recursive: true });
    using agent = new OpencodeDatabase(path.join(bed.directory, 'elsewhere', 'opencode.db'));
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    for (const suffix of ['', '-wal']) copyFileSync(`${agent.file}${suffix}`, `${bed.file}${suffix}`);
    const before = bed.agentFiles();

    await bed.follow();

    expect(told(bed)).toEqual([[SESSION, 'Name a fruit.', ['A fig.'], 'complete']]);
    expect(bed.agentFiles()).toEqual(before);
  });

  it('waits, with a sentence, while another program holds it locked', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    agent.database.pragma('journal_mode = DELETE');
    agent.database.exec('BEGIN EXCLUSIVE');

    expect(await bed.follow()).toBe('blocked');
    expect(bed.sources.failures()).toEqual([
      { path: bed.file, reason: expect.stringContaining('Another program holds it locked') as unknown },
    ]);

    agent.database.exec('COMMIT');
    expect(await bed.follow()).toBe('advanced');
    expect(bed.sources.failures()).toEqual([]);
    expect(bed.exchanges()).toHaveLength(1);
  });

  it('is not held up by a writer that is in the middle of a transaction', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    agent.database.exec('BEGIN IMMEDIATE');
    agent.prompt(SESSION, 'Not said yet');

    expect(await bed.follow()).toBe('advanced');
    const during = bed.exchanges().length;
    agent.database.exec('COMMIT');
    await bed.follow();

    expect([during, bed.exchanges().length]).toEqual([1, 2]);
  });

  it.each([
    [
      'no database',
      (file: string) => writeFileSync(file, 'x'.repeat(5000)),
      ['It is no SQLite database, or an encrypted one'],
    ],
    ['empty', (file: string) => writeFileSync(file, ''), []],
    [
      'damaged',
      (file: string) => {
        using agent = new OpencodeDatabase(file);
        agent.session({ id: SESSION });
        for (let i = 0; i < 50; i += 1) agent.exchange(SESSION, `Question ${i}`, 'x'.repeat(3000));
        agent.database.pragma('wal_checkpoint(TRUNCATE)');
        const bytes = Buffer.from(agent.database.serialize());
        agent.database.close();
        writeFileSync(file, bytes.fill(0xab, 4096 * 2, bytes.length));
      },
      ['It is damaged'],
    ],
  ])(
    'says what is wrong with a file that is %s, and goes on when it is right again',
    async (_what, make, sentences) => {
      await using bed = new OpencodeBed();
      mkdirSync(bed.root.directory, { recursive: true });
      make(bed.file);

      await bed.follow();
      const reasons = bed.sources.failures().map(({ reason }) => reason);
      rmSync(bed.file);
      using agent = new OpencodeDatabase(bed.file);
      agent.session({ id: OTHER });
      agent.exchange(OTHER, 'Better?', 'Yes.');
      await bed.follow();

      expect(reasons.map((reason) => reason.split(':')[0])).toEqual(sentences);
      expect(bed.sources.failures()).toEqual([]);
      expect(told(bed)).toContainEqual([OTHER, 'Better?', ['Yes.'], 'complete']);
    },
  );

  it('archives a column that it does not know, and counts it as drift', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.database.exec('ALTER TABLE part ADD COLUMN mood text');
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    agent.database.exec(`UPDATE part SET mood = 'sunny'`);

    await bed.follow();

    expect(told(bed)).toEqual([[SESSION, 'Name a fruit.', ['A fig.'], 'complete']]);
    expect(bed.mirror()[`opencode.db/${SESSION}.jsonl`]).toContain('"mood":"sunny"');
    expect(bed.audit.drift()).toBe(1);
    expect(bed.store.prepare('SELECT name FROM record_type WHERE is_known = 0').pluck().all()).toEqual([
      'sqlite_schema/part.mood',
    ]);
  });

  it('never writes down what is in tables of secrets', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    agent.insert('session_share', { session_id: SESSION, id: 'x', secret: 'sesame', url: 'https://example.org' });

    await bed.follow(true);

    expect(JSON.stringify(bed.mirror())).not.toContain('sesame');
  });

  it('keeps bytes and numbers that JSON has no word for', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    const message = agent.message(SESSION, { role: 'assistant' });
    const row = { session_id: SESSION, message_id: message };
    agent.insert('part', { ...row, id: 'prt_a', data: Buffer.from([0, 255, 10]), time_updated: 2n ** 60n });
    agent.database.exec(
      `INSERT INTO part SELECT 'prt_b', message_id, session_id, time_created, time_created, CAST(x'7b22ff227d' AS TEXT) FROM part`,
    );

    await bed.follow();

    const mirror = bed.mirror()[`opencode.db/${SESSION}.jsonl`] ?? '';
    expect(mirror).toContain('"data":{"$base64":"AP8K"}');
    expect(mirror).toContain('{"$integer":"1152921504606846976"}');
    expect(mirror).toContain(`"data":{"$base64":"${Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]).toString('base64')}"}`);
    // They are archived; that they say nothing is told.
    expect(bed.figures.deadLetters(9)).toHaveLength(2);
  });
});

/** Looks until the files are old enough to be recognised as unchanged. */
async function settled(bed: OpencodeBed): Promise<void> {
  for (;;) {
    await bed.follow();
    const opened = bed.opened.length;
    await bed.follow();
    if (bed.opened.length === opened) return;
  }
}
