/**
 * Makes transcripts in the style of Claude Code: `projects/<encoded folder>/<session>.jsonl`, sidechains beside them, and a
 * `manifest.json` with exact counts. The same options give the same bytes, so that an import can be checked for loss and for
 * duplicates, not only for speed.
 *
 *     node bench/make-transcripts.ts --out DIR --mb 100 --files 100 [--sessions N] [--seed N] [--tear N] [--tool-scale N]
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { COMMON_WORDS, Phrases } from './transcripts/phrases.ts';
import { SeededRandom } from './transcripts/random.ts';
import { SessionWriter, type SessionShape } from './transcripts/session-writer.ts';
import { TranscriptFile, TranscriptLedger, type TranscriptCounts } from './transcripts/transcript-file.ts';

export interface TranscriptsOptions {
  /** Stands for the agent's folder, for example `~/.claude`. */
  readonly directory: string;
  /** Total size in MiB. */
  readonly mb: number;
  readonly files: number;
  /** Files that are main conversations, the others are sidechains; default 70 %. */
  readonly sessions?: number;
  /** Default 1. */
  readonly seed?: number;
  /** So many files end in half a line; default 0. */
  readonly tear?: number;
  /** Factor on the size of what tools print; default 1. */
  readonly toolScale?: number;
}

export type TranscriptsManifest = TranscriptCounts & {
  readonly params: Required<Pick<TranscriptsOptions, 'mb' | 'files' | 'sessions' | 'seed' | 'toolScale'>>;
  /** Over all files in the order in which they were made. */
  readonly sha256: string;
};

const MIB = 1_048_576;
const MOST_PROJECTS = 40;

export function makeTranscripts(options: TranscriptsOptions): TranscriptsManifest {
  const { directory, mb, files, seed = 1, tear = 0, toolScale = 1 } = options;
  const sessionCount = Math.max(1, Math.min(files, options.sessions ?? Math.ceil(files * 0.7)));
  const random = new SeededRandom(seed * 2_654_435_761);
  const phrases = new Phrases(random, seed);
  const ledger = new TranscriptLedger();
  const projects = projectNames(Math.max(1, Math.min(MOST_PROJECTS, Math.ceil(sessionCount / 8))), phrases.words);
  const weights = Array.from({ length: files }, () => Math.exp(1.2 * random.normal()));
  const weight = weights.reduce((sum, one) => sum + one, 0);
  const sessions = Array.from({ length: sessionCount }, () => ({ id: random.uuid(), cwd: random.pick(projects) }));
  for (const [index, share] of weights.entries()) {
    // Each file has its own stream of numbers: what is changed in one does not move the others.
    random.reseed((seed * 7919 + index * 104_729) | 0);
    const session = sessions[index % sessionCount];
    if (session === undefined) continue;
    const agentId = index < sessionCount ? null : random.hex(8);
    const shape: SessionShape = { cwd: session.cwd, sessionId: session.id, agentId };
    using file = new TranscriptFile(fileOf(directory, shape), ledger);
    const writer = new SessionWriter({ random, phrases, counts: ledger.counts, toolScale, shape, file });
    writer.write((mb * MIB * share) / weight, ledger.counts.torn < tear);
  }
  const params = { mb, files, sessions: sessionCount, seed, toolScale };
  const manifest = { params, ...ledger.counts, sha256: ledger.sha256() };
  writeFileSync(path.join(directory, 'manifest.json'), JSON.stringify(manifest, null, 2));
  return manifest;
}

function projectNames(count: number, words: readonly string[]): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => `/home/dev/work/${words[200 + index * 7] ?? ''}-${COMMON_WORDS[index % COMMON_WORDS.length] ?? ''}`,
  );
}

function fileOf(directory: string, { cwd, sessionId, agentId }: SessionShape): string {
  const folder = path.join(directory, 'projects', cwd.replace(/[/.]/g, '-'));
  if (agentId === null) return path.join(folder, `${sessionId}.jsonl`);
  return path.join(folder, sessionId, 'subagents', `agent-${agentId}.jsonl`);
}

function main(): void {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { out: text, mb: text, files: text, sessions: text, seed: text, tear: text, 'tool-scale': text },
  });
  const { out, mb = '10', files = '10', sessions, seed = '1', tear = '0' } = values;
  if (out === undefined) throw new Error('Say where to: --out DIR');
  const manifest = makeTranscripts({
    directory: out,
    mb: Number(mb),
    files: Number(files),
    seed: Number(seed),
    tear: Number(tear),
    toolScale: Number(values['tool-scale'] ?? '1'),
    ...(sessions === undefined ? {} : { sessions: Number(sessions) }),
  });
  console.log(JSON.stringify(manifest));
}

if (import.meta.main) main();
