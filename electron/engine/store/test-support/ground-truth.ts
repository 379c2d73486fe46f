/** What was really said to and by Claude Code 2.1.197 in the sessions of the fixture, as its maker wrote it down. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const TREE = fileURLToPath(new URL('../../../../tests/fixtures/claude-code-2.1.197', import.meta.url));
/** The agent's folder. */
export const FIXTURE_ROOT = path.join(TREE, 'home/.claude');

const Text = z.union([z.string(), z.looseObject({ sha256: z.string().optional() })]);
const Prompted = z.looseObject({
  prompt: z.string(),
  prompt_parts: z.array(z.string()).optional(),
  all_texts: z.array(Text),
  client_wrote: z.object({ prompt: z.enum(['exact', 'within', 'no']), answers: z.array(z.string()) }),
});
const Manifest = z.looseObject({
  sessions: z.array(z.looseObject({ session_id: z.string(), exchanges: z.array(z.unknown()) })),
});

export interface TrueExchange {
  readonly prompt: string;
  /** Hashes of the answers that stand whole in the transcript. */
  readonly answers: readonly string[];
}

/** Exchanges of each session that the client wrote at all, in order. */
export function groundTruth(): ReadonlyMap<string, readonly TrueExchange[]> {
  const manifest = Manifest.parse(JSON.parse(readFileSync(path.join(TREE, 'manifest.json'), 'utf8')));
  return new Map(manifest.sessions.map((session) => [session.session_id, session.exchanges.flatMap(exchangeOf)]));
}

function exchangeOf(entry: unknown): readonly TrueExchange[] {
  const parsed = Prompted.safeParse(entry);
  if (!parsed.success) return [];
  const { prompt, prompt_parts: parts, all_texts: texts, client_wrote: wrote } = parsed.data;
  if (wrote.prompt === 'no' && !wrote.answers.includes('exact')) return [];
  const exact = texts.filter((_, index) => wrote.answers[index] === 'exact');
  return [{ prompt: parts?.join('\n') ?? prompt, answers: exact.map(hashOf) }];
}

function hashOf(text: z.infer<typeof Text>): string {
  return typeof text === 'string' ? sha256(text) : (text.sha256 ?? 'unknown');
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
