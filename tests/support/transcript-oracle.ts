/**
 * What must come out of generated transcripts, found without any code of Holdfast: one pass over the lines, with the plain
 * meaning of the format. A user line that is no tool result opens an exchange; text blocks after it are its answers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import type { ExportedExchange } from './report-schemas.ts';

/** The same shape as in an export, as far as it is compared. */
export type ExpectedExchange = Pick<ExportedExchange, 'id' | 'session_id' | 'prompt' | 'answers' | 'is_subagent'> & {
  readonly tools: readonly string[];
};

const block = z.looseObject({ type: z.string(), text: z.string().optional(), name: z.string().optional() });
const line = z.looseObject({
  type: z.string(),
  uuid: z.string().optional(),
  sessionId: z.string().optional(),
  isSidechain: z.boolean().optional(),
  message: z.looseObject({ content: z.union([z.string(), z.array(block)]) }).optional(),
});

/** By id. Half a last line is no line. */
export function expectedExchanges(claude: string): ReadonlyMap<string, ExpectedExchange> {
  const names = readdirSync(path.join(claude, 'projects'), { recursive: true, encoding: 'utf8' });
  const all = new Map<string, ExpectedExchange>();
  for (const name of names.filter((one) => one.endsWith('.jsonl'))) {
    const text = readFileSync(path.join(claude, 'projects', name), 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    for (const exchange of exchangesOf(whole.filter((one) => one !== ''))) {
      // A copy of a session holds the same exchanges once more.
      if (!all.has(exchange.id)) all.set(exchange.id, exchange);
    }
  }
  return all;
}

export function exchangesOf(lines: readonly string[]): readonly ExpectedExchange[] {
  const exchanges: {
    answers: string[];
    tools: string[];
    id: string;
    of: Omit<ExpectedExchange, 'answers' | 'tools'>;
  }[] = [];
  for (const json of lines) {
    const { type, uuid = '', sessionId = '', isSidechain = false, message } = line.parse(JSON.parse(json));
    const blocks = typeof message?.content === 'string' ? [{ type: 'text', text: message.content }] : message?.content;
    if (blocks === undefined) continue;
    if (type === 'user' && blocks.every((one) => one.type === 'text')) {
      const prompt = blocks.map((one) => one.text ?? '').join('\n');
      const of = { id: uuid, session_id: sessionId, prompt, is_subagent: isSidechain };
      exchanges.push({ id: uuid, answers: [], tools: [], of });
    }
    if (type !== 'assistant') continue;
    const current = exchanges.at(-1);
    for (const one of blocks) {
      if (one.type === 'text') current?.answers.push(one.text ?? '');
      if (one.type === 'tool_use') current?.tools.push(one.name ?? '');
    }
  }
  return exchanges.map(({ of, answers, tools }) => ({ ...of, answers, tools }));
}

/** What differs between an export and what was expected. */
export interface Difference {
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly unexpected: readonly string[];
  readonly wrong: readonly string[];
}

/** Compares as sets: a duplicate cannot hide a loss. */
export function differenceOf(
  expected: ReadonlyMap<string, ExpectedExchange>,
  exported: readonly ExportedExchange[],
): Difference {
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  for (const { id, session_id, prompt, answers, tools, is_subagent } of exported) {
    seen.set(id, (seen.get(id) ?? 0) + 1);
    const truth = expected.get(id);
    const given = { id, session_id, prompt, is_subagent, answers, tools: tools.map((tool) => tool.name) };
    if (truth !== undefined && JSON.stringify(given) !== JSON.stringify(truth)) wrong.push(id);
  }
  return {
    lost: [...expected.keys()].filter((id) => !seen.has(id)),
    duplicated: [...seen].flatMap(([id, count]) => (count > 1 ? [id] : [])),
    unexpected: [...seen.keys()].filter((id) => !expected.has(id)),
    wrong,
  };
}

export function expectSame(
  expected: ReadonlyMap<string, ExpectedExchange>,
  exported: readonly ExportedExchange[],
): void {
  expect(expected.size).toBeGreaterThan(0);
  expect(differenceOf(expected, exported)).toEqual({ lost: [], duplicated: [], unexpected: [], wrong: [] });
}
