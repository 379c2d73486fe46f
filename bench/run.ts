/**
 * All benchmarks, one line of JSON for each result; see README.md. Ends with 1 when a goal is not met.
 *
 *     npm run bench -- [import] [live] [watch] [--mb 100] [--files 100] [--rounds 5]
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeBenchFolder } from './holdfast-process.ts';
import { benchImport } from './import-bench.ts';
import { benchLive } from './live-bench.ts';
import { makeTranscripts } from './make-transcripts.ts';
import { copyProgramWithoutRedis } from './program-copy.ts';
import { print } from './statistics.ts';
import { benchWatchers } from './watch-bench.ts';

const PARTS = ['import', 'live', 'watch'];

async function main(): Promise<boolean> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    options: { mb: text, files: text, rounds: text },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !PARTS.includes(name));
  if (unknown.length > 0) throw new Error(`No such part: ${unknown.join(', ')}. There are ${PARTS.join(', ')}.`);
  const { mb = '100', files = '100', rounds = '5' } = values;
  const isWanted = (part: string): boolean => positionals.length === 0 || positionals.includes(part);
  const folder = makeBenchFolder();
  try {
    const programWithoutRedis = copyProgramWithoutRedis(path.join(folder, 'program'));
    let isMet = true;
    if (isWanted('import')) {
      const data = path.join(folder, 'transcripts');
      const manifest = makeTranscripts({ directory: data, mb: Number(mb), files: Number(files) });
      const { params, bytes, records, exchanges, sha256 } = manifest;
      print('data', { ...params, bytes, records, exchanges, sha256, node: process.version });
      isMet = await benchImport({ folder, data, manifest, programWithoutRedis, rounds: Number(rounds) });
    }
    if (isWanted('live')) await benchLive({ folder, programWithoutRedis });
    if (isWanted('watch')) await benchWatchers(folder);
    return isMet;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = (await main()) ? 0 : 1;
