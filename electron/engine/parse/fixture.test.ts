import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ExchangeDraft } from '../../../shared/exchange.ts';
import { ClaudeCodeAdapter } from './agents/claude-code.ts';
import { answersOf } from './exchange-parts.ts';
import { MemoryStore } from './memory-store.fixture.ts';

const TREE = fileURLToPath(new URL('../../../tests/fixtures/claude-code-2.1.197', import.meta.url));
const ROOT = path.join(TREE, 'home/.claude');

const Text = z.union([
  z.string(),
  z.looseObject({ chars: z.number(), sha256: z.string().optional(), begins: z.string().optional() }),
]);
const Prompted = z.looseObject({
  prompt: z.string(),
  prompt_parts: z.array(z.string()).optional(),
  all_texts: z.array(Text),
  replies: z.array(z.looseObject({ texts: z.array(Text) })),
  client_wrote: z.object({ prompt: z.enum(['exact', 'within', 'no']), answers: z.array(z.string()) }),
});
const Manifest = z.looseObject({
  sessions: z.array(
    z.looseObject({
      session_id: z.string(),
      cwd: z.string(),
      exchanges: z.array(z.union([Prompted, z.looseObject({ local_command: z.string() })])),
      subagents: z
        .array(z.looseObject({ agent_header: z.string(), prompt: z.string(), texts: z.array(Text) }))
        .optional(),
    }),
  ),
  counts: z.looseObject({ exchanges: z.number() }),
});
type TruthText = z.infer<typeof Text>;
type TruthExchange = z.infer<typeof Prompted>;

const manifest = Manifest.parse(JSON.parse(readFileSync(path.join(TREE, 'manifest.json'), 'utf8')));

interface TranscriptFile {
  readonly relativePath: string;
  readonly lines: readonly Buffer[];
}

const files = readTree();
const inOrder = () => files;
const inReverse = () => [...files].reverse();

function readTree(): readonly TranscriptFile[] {
  const names = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => ({
    relativePath: name.split(path.sep).join('/'),
    lines: splitLines(readFileSync(path.join(ROOT, name))),
  }));
}

function splitLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** Pieces of all files, mixed at random, each file's own pieces in their order. */
function inPieces(seed: number): readonly TranscriptFile[] {
  const random = generator(seed);
  const left = files.map((file) => ({ ...file }));
  const pieces: TranscriptFile[] = [];
  for (;;) {
    const waiting = left.filter((file) => file.lines.length > 0);
    const file = waiting[Math.floor(random() * waiting.length)];
    if (file === undefined) return pieces;
    const count = 1 + Math.floor(random() * 4);
    pieces.push({ relativePath: file.relativePath, lines: file.lines.slice(0, count) });
    file.lines = file.lines.slice(count);
  }
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function readAll(pieces: readonly TranscriptFile[]): MemoryStore {
  const store = new MemoryStore(new ClaudeCodeAdapter());
  for (const piece of pieces) store.read(piece.relativePath, piece.lines);
  return store;
}

function isSameText(text: string, truth: TruthText): boolean {
  if (typeof truth === 'string') return text === truth;
  return text.length >= 1 && createHash('sha256').update(text).digest('hex') === truth.sha256;
}

/** The exchanges that the client wrote at all. What it ran by itself (`/compact`) is none. */
function written(exchanges: readonly unknown[]): readonly TruthExchange[] {
  return exchanges
    .map((exchange) => Prompted.safeParse(exchange))
    .filter((parsed) => parsed.success)
    .map((parsed) => parsed.data)
    .filter(({ client_wrote: wrote }) => wrote.prompt !== 'no' || wrote.answers.includes('exact'));
}

function expectPrompt(draft: ExchangeDraft, truth: TruthExchange): void {
  expect(draft.prompt).toBe(truth.prompt_parts?.join('\n') ?? truth.prompt);
}

/** Exactly the answers of the truth; after them only what the model began to say and could not finish. */
function expectAnswers(draft: ExchangeDraft, truth: TruthExchange): void {
  const answers = answersOf(draft.parts);
  const exact = truth.all_texts.filter((_, index) => truth.client_wrote.answers[index] === 'exact');
  exact.forEach((text, index) => {
    expect(isSameText(answers[index] ?? '', text), `answer ${index} of "${truth.prompt}"`).toBe(true);
  });
  const begun = truth.replies.flatMap((reply) => reply.texts);
  for (const rest of answers.slice(exact.length)) {
    expect(draft.prompt).toBe(truth.prompt);
    expect(
      begun.some((text) => isBeginning(rest, text)),
      `unexpected answer to "${truth.prompt}"`,
    ).toBe(true);
    expect(truth['status']).toBe('interrupted');
  }
}

function isBeginning(text: string, whole: TruthText): boolean {
  const known = typeof whole === 'string' ? whole : (whole.begins ?? '');
  return text.length > 0 && (known.startsWith(text) || (typeof whole !== 'string' && text.startsWith(known)));
}

const orders = [
  { name: 'in the order of their names', pieces: inOrder },
  { name: 'in the reverse order', pieces: inReverse },
  { name: 'in small pieces of all files, mixed (1)', pieces: () => inPieces(1) },
  { name: 'in small pieces of all files, mixed (2)', pieces: () => inPieces(20_261_122) },
];

describe.each(orders)('transcripts of Claude Code 2.1.197, read $name', ({ pieces }) => {
  const store = readAll(pieces());
  const exchanges = store.exchanges();

  it('have no malformed line and no unknown type', () => {
    expect(store.malformed).toEqual([]);
    expect([...store.unknownTypes]).toEqual([]);
  });

  it.each(manifest.sessions.map((session) => [session.session_id, session] as const))(
    'give session %s its exchanges, each once and in order',
    (id, session) => {
      const found = exchanges.filter((draft) => draft.sessionId === id && !draft.isSubagent);
      const truth = written(session.exchanges);

      expect(found.map((draft) => draft.prompt)).toHaveLength(truth.length);
      truth.forEach((exchange, index) => {
        const draft = found[index];
        if (draft === undefined) throw new Error('missing');
        expectPrompt(draft, exchange);
        expectAnswers(draft, exchange);
      });
    },
  );

  it('put every exchange into a session of the ground truth', () => {
    const known = new Set(manifest.sessions.map((session) => session.session_id));

    expect(exchanges.filter((draft) => !known.has(draft.sessionId))).toEqual([]);
    expect(exchanges.filter((draft) => !draft.isSubagent)).toHaveLength(manifest.counts.exchanges - 1);
  });

  it('give every subagent its prompt and its words', () => {
    const truth = manifest.sessions.flatMap((session) => session.subagents ?? []);
    const found = exchanges.filter((draft) => draft.isSubagent);

    expect(truth.length).toBeGreaterThan(0);
    expect(found.map((draft) => draft.subagentId).sort()).toEqual(
      [...new Set(truth.map((one) => one.agent_header))].sort(),
    );
    for (const draft of found) {
      const requests = truth.filter((one) => one.agent_header === draft.subagentId);
      expect([...new Set(requests.map((one) => one.prompt))]).toEqual([draft.prompt]);
      const texts = requests.flatMap((one) => one.texts);
      expect(answersOf(draft.parts)).toHaveLength(texts.length);
      answersOf(draft.parts).forEach((text, index) => {
        expect(isSameText(text, texts[index] ?? '')).toBe(true);
      });
    }
  });

  it('take the project from the records', () => {
    for (const session of manifest.sessions) {
      const found = exchanges.filter((draft) => draft.sessionId === session.session_id);
      expect(
        found.every((draft) => draft.project === session.cwd || draft.project?.startsWith(`${session.cwd}/`)),
      ).toBe(true);
    }
  });

  it('share the past of forks', () => {
    const shared = exchanges.filter((draft) => store.sessionsOf(draft.key).length > 1);

    expect(shared.map((draft) => [draft.prompt, draft.sessionId])).toEqual([
      ['Base of a fork: name a fruit.', '61ee1fbc-ebac-47ba-a04a-b92eeff09fe5'],
    ]);
    expect(store.sessionsOf(shared[0]?.key ?? '')).toHaveLength(3);
  });

  it('end in the same exchanges, whatever the order', () => {
    expect(exchanges).toEqual(readAll(inOrder()).exchanges());
  });

  it('tell finished from unfinished exchanges', () => {
    const states = new Map(exchanges.map((draft) => [draft.prompt, draft.state]));

    expect(states.get('What is the capital of Portugal? Answer in one line.')).toBe('complete');
    expect(states.get('Interactive two: a slow answer that I will escape from.')).toBe('interrupted');
    expect(states.get('Interactive eight: escape during a tool.')).toBe('interrupted');
    expect(states.get('Stream me something slowly, I will pull the plug.')).toBe('interrupted');
    expect(states.get('Run one command, then write a slow essay which will be killed.')).toBe('interrupted');
    expect(states.get('This request meets an overloaded service forever.')).toBe('error');
    expect(states.get('This request will be refused by the service.')).toBe('error');
    expect(states.get('Interactive five: typed while busy.')).toBe('complete');
    expect(states.get('Say done (a stop hook will object once).')).toBe('complete');
  });
});
