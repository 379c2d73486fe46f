/** What the fixture's manifest says must come out, and the comparison with what `holdfast export` gave. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import type { ExportedExchange } from './report-schemas.ts';
import { FIXTURE } from './workplace.ts';

/** Long texts stand in the manifest by their hash. */
const truthText = z.union([
  z.string(),
  z.looseObject({ sha256: z.string().optional(), begins: z.string().optional() }),
]);
type TruthText = z.infer<typeof truthText>;

const truthExchange = z.looseObject({
  prompt: z.string(),
  prompt_parts: z.array(z.string()).optional(),
  status: z.string(),
  all_texts: z.array(truthText),
  replies: z.array(z.looseObject({ texts: z.array(truthText) })),
  client_wrote: z.object({ prompt: z.enum(['exact', 'within', 'no']), answers: z.array(z.string()) }),
});
type TruthExchange = z.infer<typeof truthExchange>;

/** What the client runs by itself (`/compact`) stands in the manifest too, and is no exchange. */
const localCommand = z.looseObject({ local_command: z.string() });

const manifestSchema = z.looseObject({
  sessions: z.array(
    z.looseObject({ session_id: z.string(), exchanges: z.array(z.union([truthExchange, localCommand])) }),
  ),
});

export const fixtureSessions = manifestSchema
  .parse(JSON.parse(readFileSync(path.join(FIXTURE, 'manifest.json'), 'utf8')))
  .sessions.map(({ session_id, exchanges }) => ({
    id: session_id,
    /** Those that the client wrote down, in their order. */
    exchanges: exchanges
      .flatMap((exchange) => truthExchange.safeParse(exchange).data ?? [])
      .filter(({ client_wrote: wrote }) => wrote.prompt !== 'no'),
    /** Those of which the client kept the answer and not the prompt. */
    answersOnly: exchanges
      .flatMap((exchange) => truthExchange.safeParse(exchange).data ?? [])
      .filter(({ client_wrote: wrote }) => wrote.prompt === 'no' && wrote.answers.includes('exact')),
  }));

/** Every exchange of the manifest once, with exactly its prompt and its answers, and nothing else. */
export function expectFixtureExported(exported: readonly ExportedExchange[]): void {
  expect(new Set(exported.map(({ id }) => id)).size).toBe(exported.length);
  const main = exported.filter((exchange) => !exchange.is_subagent);
  const left = new Set(main);
  for (const session of fixtureSessions) {
    for (const truth of session.exchanges) {
      const prompt = truth.prompt_parts?.join('\n') ?? truth.prompt;
      const isIt = (exchange: ExportedExchange): boolean =>
        exchange.session_id === session.id && exchange.prompt === prompt && hasAnswers(exchange, truth);
      const found = [...left].find(isIt);
      if (found === undefined) throw new Error(`not exported: ${session.id} ${prompt}`);
      left.delete(found);
    }
  }
  const extra = fixtureSessions.flatMap((session) => session.answersOnly).length;
  expect([...left].map(({ prompt }) => prompt)).toHaveLength(extra);
}

/** Exactly the answers; an interrupted one may end in what the model had begun to say. */
function hasAnswers({ answers }: ExportedExchange, truth: TruthExchange): boolean {
  const whole = truth.all_texts.filter((_, index) => truth.client_wrote.answers[index] === 'exact');
  if (!whole.every((text, index) => isText(answers[index] ?? '', text))) return false;
  const rest = answers.slice(whole.length);
  const begun = truth.replies.flatMap((reply) => reply.texts);
  return rest.every((text) => truth.status === 'interrupted' && begun.some((full) => isBeginning(text, full)));
}

function isText(text: string, truth: TruthText): boolean {
  if (typeof truth === 'string') return text === truth;
  return createHash('sha256').update(text).digest('hex') === truth.sha256;
}

function isBeginning(text: string, truth: TruthText): boolean {
  const known = typeof truth === 'string' ? truth : (truth.begins ?? '');
  return text !== '' && (known.startsWith(text) || (typeof truth !== 'string' && text.startsWith(known)));
}
