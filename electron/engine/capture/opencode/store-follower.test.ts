import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { answersOf } from '../../parse/exchange-parts.ts';
import { rowsOf } from '../../store/test-support/store-state.ts';
import type { FollowOutcome } from '../transcript-tailer.ts';
import { OpencodeBed } from './test-support/opencode-bed.ts';
import { OpencodeStore } from './test-support/opencode-store.ts';

const SESSION = 'ses_one';
const OTHER = 'ses_two';

function follow(bed: OpencodeBed, thorough = false): Promise<FollowOutcome> {
  return bed.sources.follow(path.join(bed.root.directory, 'storage'), thorough);
}

function told(bed: OpencodeBed): readonly (readonly unknown[])[] {
  return bed.exchanges().map(({ sessionId, prompt, parts, state }) => [sessionId, prompt, answersOf(parts), state]);
}

function filesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true }).length;
}

describe('the old store of opencode', () => {
  it('gives every exchange with its words, in its session, under its title and project', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    store.exchange(SESSION, 'Name a fruit.', 'A fig.');
    store.session(OTHER, { parentID: SESSION });
    store.exchange(OTHER, 'You are asked.', 'I answer.');
    store.exchange(SESSION, 'Another one.', 'A pear.');
    const before = filesBelow(bed.root.directory);

    expect(await bed.sources.list()).toEqual([store.directory]);
    expect(await follow(bed)).toBe('advanced');

    expect(told(bed)).toEqual([
      [SESSION, 'Name a fruit.', ['A fig.'], 'complete'],
      [SESSION, 'You are asked.', ['I answer.'], 'complete'],
      [SESSION, 'Another one.', ['A pear.'], 'complete'],
    ]);
    expect(bed.exchanges().map(({ project, isSubagent }) => [project, isSubagent])).toEqual([
      ['/home/ana/old', false],
      ['/home/ana/old', true],
      ['/home/ana/old', false],
    ]);
    expect(bed.store.prepare('SELECT title FROM session').pluck().all()).toEqual([`Title of ${SESSION}`]);
    expect([bed.audit.drift(), bed.audit.duplicates(), bed.figures.deadLetters(9)]).toEqual([0, 0, []]);
    expect(filesBelow(bed.root.directory)).toBe(before);
  });

  it('follows files that are rewritten, and reads no file that was not', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    const asked = store.message(SESSION, { role: 'user' });
    store.part(SESSION, asked, { type: 'text', text: 'Count.' });
    const said = store.message(SESSION, { role: 'assistant', parentID: asked });
    const part = store.part(SESSION, said, { type: 'text', text: 'one' });
    await follow(bed);
    const mirror = bed.mirror();

    expect(await follow(bed)).toBe('unchanged');
    expect(bed.mirror()).toEqual(mirror);
    store.change(part, { text: 'one two' });
    expect(await follow(bed)).toBe('advanced');

    expect(told(bed)).toEqual([[SESSION, 'Count.', ['one two'], 'open']]);
    expect(bed.mirror()[`storage/${SESSION}.jsonl`]?.match(/"text\\": \\"one/g)).toHaveLength(2);
  });

  it('adds nothing in another run, thorough or not', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    for (let i = 0; i < 5; i += 1) store.exchange(SESSION, `Question ${i}`, `Answer ${i}`);
    await follow(bed);
    const [mirror, rows] = [bed.mirror(), rowsOf(bed.store)];

    await bed.restart();
    expect(await follow(bed)).toBe('unchanged');
    expect(bed.mirror()).toEqual(mirror);
    expect(await follow(bed, true)).toBe('unchanged');

    expect(rowsOf(bed.store)).toEqual(rows);
  });

  it('waits for a file that is being written, and sets a damaged one aside', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    const asked = store.exchange(SESSION, 'Name a fruit.', 'A fig.');
    const late = store.part(SESSION, asked, { type: 'text', text: 'half' });
    const file = path.join(store.directory, late);
    writeFileSync(file, '{"id": "prt_x", "type": "te');

    expect(await follow(bed)).toBe('unchanged');
    const before = new Date(Date.now() - 60_000);
    for (const name of readdirSync(store.directory, { recursive: true, encoding: 'utf8' })) {
      utimesSync(path.join(store.directory, name), before, before);
    }
    expect(await follow(bed)).toBe('advanced');

    expect(told(bed)).toEqual([[SESSION, 'Name a fruit.', ['A fig.'], 'complete']]);
    expect(bed.figures.deadLetters(9)).toHaveLength(1);
  });

  it('keeps messages whose session is lost, and what is deleted later', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    store.exchange(SESSION, 'Name a fruit.', 'A fig.');
    store.remove(`session/global/${SESSION}.json`);
    await follow(bed);
    const saved = told(bed);
    store.remove(`message/${SESSION}`);
    store.session(OTHER);
    await follow(bed);

    expect(saved).toEqual([[SESSION, 'Name a fruit.', ['A fig.'], 'complete']]);
    expect(told(bed)).toEqual(saved);
  });

  it('lists the past of a fork once', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    const asked = store.exchange(SESSION, 'Name a fruit.', 'A fig.');
    const made = { created: store.now - 1 };
    store.now += 100;
    store.session(OTHER);
    const copy = store.message(OTHER, { role: 'user', time: made });
    store.part(OTHER, copy, { type: 'text', text: 'Name a fruit.' });
    store.exchange(OTHER, 'In the fork.', 'A plum.');

    await follow(bed);

    expect(asked).not.toBe(copy);
    expect(bed.exchanges().map((one) => [one.sessionId, one.prompt, one.sessionIds])).toEqual([
      [SESSION, 'Name a fruit.', [SESSION, OTHER]],
      [OTHER, 'In the fork.', [OTHER]],
    ]);
  });

  it.each(['the store', 'the database'])('is one with the database that took it over, %s first', async (first) => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    store.exchange(SESSION, 'In both.', 'Yes.');
    store.session(OTHER);
    store.exchange(OTHER, 'Lost on the way.', 'Still here.');
    const agent = bed.agent();
    migrate(store, SESSION, (table, row) => agent.insert(table, row));
    agent.session({ id: 'ses_new' });
    agent.exchange('ses_new', 'After it.', 'New.');

    for (const look of first === 'the store' ? [follow, followDatabase] : [followDatabase, follow]) await look(bed);

    expect(told(bed)).toEqual([
      [SESSION, 'In both.', ['Yes.'], 'complete'],
      [OTHER, 'Lost on the way.', ['Still here.'], 'complete'],
      ['ses_new', 'After it.', ['New.'], 'complete'],
    ]);
    expect([bed.audit.duplicates(), bed.audit.drift(), bed.figures.deadLetters(9)]).toEqual([0, 0, []]);
  });
});

function followDatabase(bed: OpencodeBed): Promise<FollowOutcome> {
  return bed.follow();
}

type Data = Readonly<Record<string, unknown>>;

/** As opencode does it: ids from the names, the rest of each file as JSON, the time of now where a file has none. */
function migrate(store: OpencodeStore, session: string, insert: (table: string, row: Data) => void): void {
  const { id, directory, title, time } = store.read(`session/global/${session}.json`);
  const created = (time as { readonly created: number }).created;
  insert('session', { id, directory, title, project_id: 'prj_1', slug: id, version: '1.1', time_created: created });
  for (const name of store.names(`message/${session}`)) {
    const { id: message, sessionID: _session, ...data } = store.read(`message/${session}/${name}`);
    insert('message', { id: message, session_id: session, data: JSON.stringify(data) });
    for (const part of store.names(`part/${String(message)}`)) {
      const { id: own, sessionID: _of, messageID: _in, ...rest } = store.read(`part/${String(message)}/${part}`);
      insert('part', { id: own, message_id: message, session_id: session, data: JSON.stringify(rest) });
    }
  }
}
