/** From an append to its commit, when the row can be searched; as a multiple of one fdatasync of the same run. */
import { appendFileSync, closeSync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../electron/engine/store/database.ts';
import { HoldfastProcess, type QueueMode } from './holdfast-process.ts';
import { median, print, quantile, rounded } from './statistics.ts';

const APPENDS = 300;
const EVERY_MS = 40;
const LOOK_EVERY_MS = 1;
const GIVE_UP_MS = 30_000;
const ANSWER = 'Every word of it has to be found again. '.repeat(30);

export interface LiveBenchOptions {
  readonly folder: string;
  readonly programWithoutRedis: string;
}

export async function benchLive(options: LiveBenchOptions): Promise<void> {
  for (const mode of ['redis', 'bypass'] as const) {
    const syncMs = measureSync(options.folder);
    const latencies = await measureLatencies(options, mode);
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(latencies, share));
    print(`live/${mode}`, {
      appends: latencies.length,
      p50_ms: rounded(p50 ?? NaN, 1),
      p95_ms: rounded(p95 ?? NaN, 1),
      p99_ms: rounded(p99 ?? NaN, 1),
      fdatasync_ms: rounded(syncMs),
      p50_ratio: rounded((p50 ?? NaN) / syncMs, 1),
      p95_ratio: rounded((p95 ?? NaN) / syncMs, 1),
      p99_ratio: rounded((p99 ?? NaN) / syncMs, 1),
    });
  }
}

/** @returns the median, in ms */
function measureSync(folder: string): number {
  const fd = openSync(path.join(folder, 'sync'), 'a');
  const times = Array.from({ length: APPENDS }, () => {
    const since = performance.now();
    writeSync(fd, ANSWER);
    fdatasyncSync(fd);
    return performance.now() - since;
  });
  closeSync(fd);
  return median(times);
}

async function measureLatencies(options: LiveBenchOptions, mode: QueueMode): Promise<readonly number[]> {
  await using holdfast = await HoldfastProcess.start({ parent: options.folder, mode, ...options });
  const session = randomUUID();
  const file = path.join(holdfast.claude, 'projects', '-home-ana-work', `${session}.jsonl`);
  mkdirSync(path.dirname(file), { recursive: true });
  const nativeBinding = process.env['HOLDFAST_SQLITE_BINDING'] ?? null;
  const database = openDatabase(path.join(holdfast.home, 'holdfast.db'), { nativeBinding, readonly: true });
  const committed = database.prepare<[string], { committed: number }>(
    'SELECT committed FROM generation WHERE source_path = ?',
  );
  const latencies: number[] = [];
  let end = 0;
  for (let index = 0; index < APPENDS; index += 1) {
    const line = lineOf(session, index);
    const since = performance.now();
    appendFileSync(file, line);
    end += line.length;
    while ((committed.get(file)?.committed ?? 0) < end) {
      if (performance.now() - since > GIVE_UP_MS) throw new Error(`append ${String(index)} was not saved`);
      await sleep(LOOK_EVERY_MS);
    }
    latencies.push(performance.now() - since);
    await sleep(EVERY_MS);
  }
  database.close();
  return latencies;
}

/** Prompt and answer in turn. */
function lineOf(sessionId: string, index: number): string {
  const shared = { parentUuid: null, isSidechain: false, cwd: '/home/ana/work', sessionId, uuid: randomUUID() };
  const timestamp = new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString();
  const content = index % 2 === 0 ? `Prompt ${String(index)}` : [{ type: 'text', text: ANSWER }];
  const role = index % 2 === 0 ? 'user' : 'assistant';
  const message = role === 'user' ? { role, content } : { id: `msg_${String(index)}`, role, content, type: 'message' };
  return `${JSON.stringify({ ...shared, timestamp, type: role, message })}\n`;
}
