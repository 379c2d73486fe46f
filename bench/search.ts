/**
 * Searches and lists over many exchanges, beside an indexed SELECT of the same run. One line of JSON for each; ends with 1 when a
 * goal is not met.
 *
 *     npm run bench:search -- [--exchanges 1000000] [--rounds 50] [--keep FOLDER]
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ConversationReader } from '../electron/engine/store/conversation-reader.ts';
import type { SearchRequest } from '../electron/engine/store/conversation-search.ts';
import { openDatabase } from '../electron/engine/store/database.ts';
import { REQUESTS } from '../shared/ipc.ts';
import { makeBenchFolder } from './holdfast-process.ts';
import { fillSearchStore, COMMON, RARE } from './search-store.ts';
import { print, quantile, rounded } from './statistics.ts';
import { COMMON_WORDS } from './transcripts/phrases.ts';

interface Task {
  readonly name: string;
  /** p95, as the issue of this program sets it. */
  readonly goalMs: number | null;
  run(round: number): unknown;
}

function tasks(reader: ConversationReader, indexed: () => unknown): readonly Task[] {
  const word = (round: number): string => COMMON_WORDS[(round * 7) % COMMON_WORDS.length] ?? COMMON;
  const search = (query: string, more: Partial<SearchRequest> = {}): unknown =>
    reader.search(REQUESTS['search.query'].args.parse({ query, limit: 20, ...more }));
  return [
    { name: 'indexed select', goalMs: null, run: indexed },
    { name: 'newest, common word', goalMs: 15, run: () => search(COMMON) },
    { name: 'newest, some word', goalMs: 15, run: (round) => search(word(round)) },
    { name: 'newest, rare word', goalMs: 15, run: () => search(RARE) },
    { name: 'newest, two words', goalMs: 15, run: (round) => search(`${COMMON} ${word(round)}`) },
    {
      name: 'newest, in a project',
      goalMs: 15,
      run: (round) => search(word(round), { project: '/home/dev/project-7' }),
    },
    { name: 'newest, phrase', goalMs: null, run: (round) => search(`"${word(round)} ${word(round + 1)}"`) },
    { name: 'prefix', goalMs: 50, run: (round) => search(`${word(round).slice(0, 4)}*`) },
    { name: 'prefix of two letters', goalMs: 50, run: (round) => search(`${word(round).slice(0, 2)}*`) },
    { name: 'ranked, common word', goalMs: 60, run: () => search(COMMON, { order: 'rank' }) },
    { name: 'ranked, some word', goalMs: 60, run: (round) => search(word(round), { order: 'rank' }) },
    { name: 'part of a word', goalMs: null, run: (round) => search(`"${COMMON.slice(2, 9)}" -${word(round)}`) },
    { name: 'list of the newest 1,000', goalMs: 20, run: () => reader.recent(1000) },
    { name: 'list of 1,000 sessions', goalMs: 20, run: () => reader.sessions(1000, 0, null) },
  ];
}

function measure(task: Task, rounds: number, baseMs: number | null): { readonly p95: number; readonly isMet: boolean } {
  task.run(0);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const since = performance.now();
    task.run(round);
    times.push(performance.now() - since);
  }
  const p95 = quantile(times, 0.95);
  const isMet = task.goalMs === null || p95 < task.goalMs;
  print(`search/${task.name}`, {
    p50_ms: rounded(quantile(times, 0.5)),
    p95_ms: rounded(p95),
    ...(baseMs === null ? {} : { times_select: rounded(p95 / baseMs, 1) }),
    ...(task.goalMs === null ? {} : { goal_ms: task.goalMs, met: isMet }),
  });
  return { p95, isMet };
}

function main(): boolean {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { exchanges: text, rounds: text, keep: text } });
  const folder = values.keep ?? makeBenchFolder();
  const file = path.join(folder, 'search.db');
  try {
    mkdirSync(folder, { recursive: true });
    const isNew = !existsSync(file);
    const database = openDatabase(file, { nativeBinding: null });
    if (isNew) fillSearchStore(database, Number(values.exchanges ?? '1000000'), console.error);
    const count = database.prepare<[], number>('SELECT count(*) FROM exchange').pluck();
    const select = database.prepare(
      'SELECT id, project, started_at FROM exchange WHERE started_at > ? ORDER BY started_at LIMIT 20',
    );
    print('search/data', { exchanges: count.get(), node: process.version });
    const first = database.prepare<[], number>('SELECT min(started_at) FROM exchange').pluck().get() ?? 0;
    const all = tasks(new ConversationReader(database, existsSync), () => select.all(first));
    let baseMs: number | null = null;
    let isMet = true;
    for (const task of all) {
      const result = measure(task, Number(values.rounds ?? '50'), baseMs);
      baseMs ??= result.p95;
      isMet &&= result.isMet;
    }
    database.close();
    return isMet;
  } finally {
    if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main() ? 0 : 1;
