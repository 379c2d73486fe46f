/** Replays how the fixture's files grew: every growth in its order and size, only faster. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FIXTURE } from './workplace.ts';

const head = z.object({ files: z.array(z.string()) });
const row = z.tuple([z.number(), z.number(), z.number(), z.number().nullable()]).rest(z.unknown());

export interface Growth {
  /** Milliseconds since the first one. */
  readonly atMs: number;
  /** Below the agent's folder. */
  readonly file: string;
  readonly bytes: Buffer;
}

export function fixtureGrowths(): readonly Growth[] {
  const [first = '', ...rest] = readFileSync(path.join(FIXTURE, 'timeline.jsonl'), 'utf8').split('\n');
  const { files } = head.parse(JSON.parse(first));
  const contents = files.map((file) => readFileSync(path.join(FIXTURE, 'home', file)));
  const sizes = files.map(() => 0);
  return rest
    .filter((line) => line !== '')
    .map((line) => {
      const [atMs, index, size] = row.parse(JSON.parse(line));
      const start = sizes[index] ?? 0;
      sizes[index] = size;
      const bytes = contents[index]?.subarray(start, size) ?? Buffer.alloc(0);
      return { atMs, file: path.relative('.claude', files[index] ?? ''), bytes };
    });
}

/**
 * @param speed how many times faster than it was
 * @param onWritten called right after each growth
 */
export async function replay(
  growths: readonly Growth[],
  claude: string,
  speed: number,
  onWritten: (growth: Growth) => void,
): Promise<void> {
  const start = performance.now();
  for (const growth of growths) {
    const waitMs = growth.atMs / speed - (performance.now() - start);
    if (waitMs > 0) await sleep(waitMs);
    const file = path.join(claude, growth.file);
    mkdirSync(path.dirname(file), { recursive: true });
    appendFileSync(file, growth.bytes);
    onWritten(growth);
  }
}
