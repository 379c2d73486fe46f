/**
 * Process: writes transcripts with several writers at a time until it is told to finish, and reports what it did.
 * Argument: JSON of {@link options}. Ends with 0 when everything that had to be archived was.
 */
import { z } from 'zod';
import { SeededRandom } from '../../../bench/transcripts/random.ts';
import { EpochPlace } from './epoch-place.ts';
import { Journal } from './journal.ts';
import { SessionWriter } from './session-writer.ts';

const options = z.object({ root: z.string(), seed: z.number(), writers: z.number(), paceMs: z.number() });

async function run(): Promise<void> {
  const { root, seed, writers, paceMs } = options.parse(JSON.parse(process.argv[2] ?? ''));
  const place = new EpochPlace(root);
  const finish = new AbortController();
  process.on('message', () => {
    finish.abort();
  });
  // Without the program that has started it there is nobody to write for.
  process.on('disconnect', () => process.exit(1));
  const all = Array.from({ length: writers }, (_, index) => {
    const journal = new Journal(place.journal, `w${String(index)}`);
    const random = new SeededRandom(seed * 1000 + index);
    return new SessionWriter({ journal, random, projects: place.projects, home: place.home, paceMs });
  });
  await Promise.all(all.map((writer) => writer.run(finish.signal)));
  const done = new Map<string, number>();
  for (const writer of all) {
    for (const [name, count] of writer.done) done.set(name, (done.get(name) ?? 0) + count);
  }
  process.send?.(Object.fromEntries(done));
  process.disconnect();
}

await run();
