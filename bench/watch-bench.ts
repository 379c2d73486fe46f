/** What it costs to watch 1,000 transcripts in 20 folders: chokidar as it comes, chokidar without files, a watch per folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, print, rounded } from './statistics.ts';

export const WATCHERS = ['chokidar', 'chokidar-folders', 'fs.watch'] as const;
export type WatcherName = (typeof WATCHERS)[number];

/** What `watch-probe.ts` says when it is ready, and when it is asked for its events. */
export interface WatchReady {
  readonly readyMs: number;
  readonly rssMb: number;
}
export interface WatchSeen {
  /** Names of files of which an event came. */
  readonly files: readonly string[];
}

const FILES = 1000;
const FOLDERS = 20;
const ROUNDS = 3;
/** Appends to files that exist, and files that are new. */
const TOUCHED = 200;
/** Longer than any watcher of the three waits before it reports. */
const SETTLE_MS = 1500;

export async function benchWatchers(folder: string): Promise<void> {
  for (const watcher of WATCHERS) {
    const results: Awaited<ReturnType<typeof watchOnce>>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) results.push(await watchOnce(folder, watcher));
    const of = (figure: (result: (typeof results)[number]) => number): number => median(results.map(figure));
    print(`watch/${watcher}`, {
      files: FILES,
      folders: FOLDERS,
      inotify_watches: of((result) => result.watches),
      inotify_watches_at_end: of((result) => result.watchesAtEnd),
      ready_ms: rounded(
        of((result) => result.readyMs),
        0,
      ),
      rss_mb: rounded(
        of((result) => result.rssMb),
        1,
      ),
      appends_seen: `${String(of((result) => result.appends))} of ${String(TOUCHED)}`,
      new_files_seen: `${String(of((result) => result.fresh))} of ${String(TOUCHED)}`,
    });
  }
}

interface WatchResult extends WatchReady {
  readonly watches: number;
  readonly watchesAtEnd: number;
  readonly appends: number;
  readonly fresh: number;
}

async function watchOnce(folder: string, watcher: WatcherName): Promise<WatchResult> {
  const tree = makeTree(folder);
  const probe = path.join(import.meta.dirname, 'watch-probe.ts');
  const child = spawn(process.execPath, [probe, watcher, tree], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ready = JSON.parse((await lines.next()).value ?? '') as WatchReady;
  const watches = inotifyWatches(child);
  const touched = Array.from({ length: TOUCHED }, (_, index) => fileOf(tree, index * (FILES / TOUCHED)));
  const fresh = Array.from({ length: TOUCHED }, (_, index) => fileOf(tree, FILES + index));
  for (const file of [...touched, ...fresh]) {
    appendFileSync(file, '{}\n');
    await sleep(1);
  }
  await sleep(SETTLE_MS);
  const watchesAtEnd = inotifyWatches(child);
  child.stdin.end();
  const seen = new Set((JSON.parse((await lines.next()).value ?? '') as WatchSeen).files);
  await once(child, 'close');
  rmSync(tree, { recursive: true });
  const count = (files: readonly string[]): number => files.filter((file) => seen.has(path.basename(file))).length;
  return { ...ready, watches, watchesAtEnd, appends: count(touched), fresh: count(fresh) };
}

function makeTree(folder: string): string {
  const tree = mkdtempSync(path.join(folder, 'watched-'));
  for (let index = 0; index < FOLDERS; index += 1) mkdirSync(path.join(tree, `folder-${String(index)}`));
  for (let index = 0; index < FILES; index += 1) writeFileSync(fileOf(tree, index), '{}\n');
  return tree;
}

function fileOf(tree: string, index: number): string {
  return path.join(tree, `folder-${String(index % FOLDERS)}`, `session-${String(index)}.jsonl`);
}

function inotifyWatches(child: ChildProcess): number {
  const folder = `/proc/${String(child.pid)}/fdinfo`;
  const texts = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
  return texts.reduce((sum, text) => sum + (text.match(/^inotify wd:/gm)?.length ?? 0), 0);
}
