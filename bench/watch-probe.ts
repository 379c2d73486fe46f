/** The other half of watch-bench.ts, a process for itself: watches a tree until its standard input ends. */
import { readdirSync, watch as watchFolder } from 'node:fs';
import path from 'node:path';
import { watch } from 'chokidar';
import type { WatchReady, WatchSeen } from './watch-bench.ts';

const [, , watcher = '', tree = ''] = process.argv;
const seen = new Set<string>();
let isReady = false;
const since = performance.now();

function saw(file: string): void {
  if (isReady) seen.add(path.basename(file));
}

function ready(): void {
  isReady = true;
  const rssMb = process.memoryUsage().rss / 1_048_576;
  console.log(JSON.stringify({ readyMs: performance.now() - since, rssMb } satisfies WatchReady));
}

function watchEachFolder(): void {
  const folders = readdirSync(tree, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of [tree, ...folders.map((entry) => path.join(tree, entry.name))]) {
    watchFolder(folder, (_kind, name) => saw(name ?? ''));
  }
  ready();
}

function watchWithChokidar(ignoresFiles: boolean): void {
  const options = ignoresFiles
    ? { ignored: (_file: string, stats?: { isFile(): boolean }) => stats?.isFile() === true }
    : {};
  watch(tree, { ...options, ignoreInitial: true, persistent: true })
    .on('all', (_event, file) => saw(file))
    .on('ready', ready);
}

if (watcher === 'fs.watch') watchEachFolder();
else watchWithChokidar(watcher === 'chokidar-folders');

process.stdin.resume().on('end', () => {
  console.log(JSON.stringify({ files: [...seen] } satisfies WatchSeen));
  process.exit(0);
});
