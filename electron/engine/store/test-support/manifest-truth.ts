/** What was really said to and by an agent in the sessions of a fixture, as its maker wrote it down. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { expect } from 'vitest';
import type { Exchange } from '../../../../shared/exchange.ts';
import { answersOf } from '../../parse/exchange-parts.ts';
import { fixtureTree } from './agent-bed.ts';
import { sha256 } from './ground-truth.ts';

const Text = z.union([z.string(), z.looseObject({ sha256: z.string().optional() })]);
const Prompted = z.looseObject({
  prompt: z.string(),
  status: z.string(),
  all_texts: z.array(Text),
  client_wrote: z.object({ prompt: z.enum(['exact', 'within', 'no']), answers: z.array(z.string()) }),
});
const Manifest = z.looseObject({
  sessions: z.array(z.looseObject({ session_id: z.string(), cwd: z.string(), exchanges: z.array(z.unknown()) })),
});

const STATES: Readonly<Record<string, Exchange['state']>> = {
  complete: 'complete',
  failed: 'error',
  interrupted: 'interrupted',
};

/** Every exchange of the manifest once, in its session and directory, with exactly its prompt, its answers and its end. */
export function expectManifest(fixture: string, exported: readonly Exchange[]): void {
  const text = readFileSync(path.join(fixtureTree(fixture), 'manifest.json'), 'utf8');
  const { sessions } = Manifest.parse(JSON.parse(text));
  const meant = sessions.flatMap(({ session_id: session, cwd, exchanges }) =>
    exchanges
      .flatMap((exchange) => Prompted.safeParse(exchange).data ?? [])
      .filter(({ client_wrote: wrote }) => wrote.prompt !== 'no')
      .map(({ prompt, status, all_texts: texts, client_wrote: wrote }) => ({
        session,
        project: cwd,
        prompt,
        state: STATES[status],
        // Twice the same in a row: the model was asked again, and the client wrote one of the answers.
        answers: texts
          .filter((_, index) => wrote.answers[index] === 'exact')
          .map(hashOf)
          .filter((hash, index, all) => hash !== all[index - 1]),
      })),
  );
  const found = exported.map((exchange) => ({
    session: exchange.sessionId,
    project: exchange.project,
    prompt: exchange.prompt,
    state: exchange.state,
    answers: answersOf(exchange.parts).map(sha256),
  }));
  expect(meant.length).toBeGreaterThan(0);
  expect(found).toEqual(meant.toSorted((a, b) => a.session.localeCompare(b.session)));
}

function hashOf(text: z.infer<typeof Text>): string {
  return typeof text === 'string' ? sha256(text) : (text.sha256 ?? 'unknown');
}
