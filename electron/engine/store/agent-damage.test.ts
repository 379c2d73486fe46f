import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../../shared/exchange.ts';
import { adapterOf } from '../parse/adapters.ts';
import { answersOf } from '../parse/exchange-parts.ts';
import { AgentBed } from './test-support/agent-bed.ts';
import { RolloutWriter, START, THREAD, idAt, rolloutFile } from './test-support/rollout.ts';
import { generator } from './test-support/store-bed.ts';

interface Sample {
  readonly agent: Agent;
  readonly file: string;
  readonly lines: readonly string[];
  /** Index of the line that holds the second prompt, and of the one that holds its answer. */
  readonly second: readonly [prompt: number, answer: number];
  /** Whether a line that comes again is known by an id or a time. */
  readonly knowsCopies: boolean;
}

const PROMPTS = ['First “quoted”\u2028line', 'Second \u{1F469}\u200D\u{1F680}', 'Third'] as const;
const ANSWERS = ['One.', 'Two\u0085two.', 'Three.'] as const;

function codexSample(): Sample {
  const rollout = new RolloutWriter().meta({ history_mode: 'paginated' });
  for (const [index, prompt] of PROMPTS.entries()) {
    rollout.turn(idAt(START + index * 10_000, 'f1'), prompt, [ANSWERS[index] ?? '']);
  }
  const lines = rollout.lines.map((line) => JSON.stringify(line));
  const at = (text: string): number =>
    lines.findIndex((line) => line.includes(text) && line.includes('item_completed'));
  return { agent: 'codex', file: rolloutFile(THREAD), lines, second: [at('Second'), at('Two')], knowsCopies: true };
}

function legacyCodexSample(): Sample {
  const rollout = new RolloutWriter().meta({ cli_version: '0.46.0' });
  for (const [index, prompt] of PROMPTS.entries()) rollout.legacyTurn(null, prompt, [ANSWERS[index] ?? '']);
  const lines = rollout.lines.map((line) => JSON.stringify(line));
  const at = (text: string, type: string): number =>
    lines.findIndex((line) => line.includes(text) && line.includes(type));
  const second = [at('Second', 'user_message'), at('Two', 'agent_message')] as const;
  return { agent: 'codex', file: rolloutFile(THREAD), lines, second, knowsCopies: true };
}

function copilotSample(): Sample {
  const data = [
    ['session.start', { sessionId: 's', context: { cwd: '/x' } }],
    ...turns('user.message', 'assistant.message'),
  ];
  const lines = data.map(([type, content], index) =>
    JSON.stringify({ type, data: content, id: `e${index}`, timestamp: new Date(START + index * 1000).toISOString() }),
  );
  return { agent: 'copilot-cli', file: 'session-state/s/events.jsonl', lines, second: [3, 4], knowsCopies: true };
}

function turns(user: string, assistant: string): readonly (readonly [string, object])[] {
  return PROMPTS.flatMap((content, index) => [
    [user, { content }] as const,
    [assistant, { content: ANSWERS[index] }] as const,
  ]);
}

function cursorSample(): Sample {
  const lines = turns('user', 'assistant').map(([role, message]) => JSON.stringify({ role, message }));
  return { agent: 'cursor', file: 'projects/x/agent-transcripts/s/s.jsonl', lines, second: [2, 3], knowsCopies: false };
}

const SAMPLES = [
  ['Codex', codexSample()],
  ['Codex of 2025', legacyCodexSample()],
  ['Copilot CLI', copilotSample()],
  ['Cursor', cursorSample()],
] as const;

interface Damage {
  readonly name: string;
  readonly apply: (lines: readonly string[], sample: Sample) => string | Buffer;
  /** Prompts that must be there with their answers; all of them if it is not said. */
  readonly kept?: (sample: Sample) => readonly number[];
  readonly quarantined: number;
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const put = (lines: readonly string[], at: number, ...line: readonly string[]): string =>
  text(lines.toSpliced(at, 0, ...line));
const swap = (lines: readonly string[], at: number, line: string): string => text(lines.with(at, line));
const NUL = '\0'.repeat(300);

const DAMAGE: readonly Damage[] = [
  { name: 'none', apply: text, quarantined: 0 },
  { name: 'lines end in CR and LF', apply: (lines) => text(lines).replaceAll('\n', '\r\n'), quarantined: 0 },
  { name: 'a byte order mark', apply: (lines) => `\uFEFF${text(lines)}`, quarantined: 0 },
  { name: 'blank lines', apply: (lines) => lines.map((line) => `\n \t\n${line}\n\r\n`).join(''), quarantined: 0 },
  { name: 'a last line without its end', apply: (lines) => `${text(lines)}{"type":"user`, quarantined: 0 },
  { name: 'a line cut short', apply: (lines) => put(lines, 2, (lines[1] ?? '').slice(0, -9)), quarantined: 1 },
  {
    name: 'an unfinished line in front of the second prompt',
    apply: (lines, { second }) => swap(lines, second[0], (lines[1] ?? '').slice(0, 40) + (lines[second[0]] ?? '')),
    quarantined: 1,
  },
  {
    name: 'an unfinished line behind the second prompt',
    apply: (lines, { second }) => swap(lines, second[0], (lines[second[0]] ?? '') + (lines[1] ?? '').slice(0, 40)),
    quarantined: 1,
  },
  {
    name: 'a missing newline behind the second prompt',
    apply: (lines, { second: [at] }) =>
      text([...lines.slice(0, at), `${lines[at] ?? ''}${lines[at + 1] ?? ''}`, ...lines.slice(at + 2)]),
    quarantined: 0,
  },
  {
    name: 'no newline at all',
    apply: (lines) => `${lines.slice(0, 6).join('')}\n${text(lines.slice(6))}`,
    quarantined: 0,
  },
  { name: 'a run of NUL as a line', apply: (lines) => put(lines, 2, NUL), quarantined: 1 },
  {
    name: 'a run of NUL in front of the second prompt',
    apply: (lines, { second }) => swap(lines, second[0], NUL + (lines[second[0]] ?? '')),
    quarantined: 1,
  },
  {
    name: 'a run of NUL behind the second prompt',
    apply: (lines, { second }) => swap(lines, second[0], (lines[second[0]] ?? '') + NUL),
    quarantined: 1,
  },
  {
    name: 'a run of NUL over the second answer',
    apply: (lines, { second }) => swap(lines, second[1], NUL),
    kept: () => [0, 2],
    quarantined: 1,
  },
  {
    name: 'a byte that is no UTF-8',
    apply: (lines) => Buffer.concat([Buffer.from(text(lines)), Buffer.from([0x22, 0xff, 0x22, 0x0a])]),
    quarantined: 1,
  },
  {
    name: 'a character cut in half',
    apply: (lines) => Buffer.concat([Buffer.from('"\u{1F469}').subarray(0, 3), Buffer.from(`\n${text(lines)}`)]),
    quarantined: 1,
  },
  {
    name: 'JSON that is no object',
    apply: (lines) => put(lines, 2, '[]', '42', '"text"', 'null', 'true'),
    quarantined: 5,
  },
  { name: 'no JSON', apply: (lines) => put(lines, 2, 'panic: out of disk', '}{', '{]'), quarantined: 3 },
  { name: 'nesting without end', apply: (lines) => put(lines, 2, '['.repeat(200_000)), quarantined: 1 },
  {
    name: 'fields of wrong kinds',
    apply: (lines) =>
      put(lines, 2, '{"type":7,"payload":[],"data":"x","role":{},"message":3}', '{"timestamp":{},"id":[],"type":null}'),
    quarantined: 0,
  },
  {
    name: 'names of the prototype',
    apply: (lines) => put(lines, 2, '{"__proto__":{"type":"user"},"constructor":1,"toString":2}'),
    quarantined: 0,
  },
  {
    name: 'lone surrogates',
    apply: (lines) =>
      put(
        lines,
        lines.length,
        '{"type":"\\ud800","payload":{"type":"\\udc00"},"data":{"content":"\\ud83d"},"role":"\\udfff"}',
      ),
    quarantined: 0,
  },
  {
    name: 'its last line again and again',
    apply: (lines) => text([...lines, lines.at(-1) ?? '', lines.at(-1) ?? '']),
    kept: ({ knowsCopies }) => (knowsCopies ? [0, 1, 2] : [0, 1]),
    quarantined: 0,
  },
  {
    name: 'the second prompt without its line',
    apply: (lines, { second }) => text(lines.toSpliced(second[0], 1)),
    kept: () => [0, 2],
    quarantined: 0,
  },
  { name: 'no first line', apply: (lines, { agent }) => text(lines.slice(agent === 'cursor' ? 0 : 1)), quarantined: 0 },
  {
    name: 'a first line cut short at its front',
    apply: (lines, { agent }) => (agent === 'cursor' ? `ser"}\n${text(lines)}` : text(lines).slice(5)),
    quarantined: 1,
  },
];

/** Of Codex and Copilot CLI, whose lines are known by what they are. */
const COPIES: readonly Damage[] = [
  { name: 'the whole file twice', apply: (lines) => text([...lines, ...lines]), quarantined: 0 },
  { name: 'a block again at its end', apply: (lines) => text([...lines, ...lines.slice(2, 9)]), quarantined: 0 },
  { name: 'every line twice', apply: (lines) => text(lines.flatMap((line) => [line, line])), quarantined: 0 },
  {
    name: 'a block again in its middle',
    apply: (lines) => text([...lines.slice(0, 7), ...lines.slice(1, 7), ...lines.slice(7)]),
    quarantined: 0,
  },
];

const CASES = SAMPLES.flatMap(([name, sample]) =>
  [...DAMAGE, ...(sample.knowsCopies ? COPIES : [])].map((damage) => [name, damage.name, sample, damage] as const),
);

describe('a damaged file', () => {
  it.each(CASES)('of %s with %s gives every record that is whole, and keeps the rest', (_, __, sample, damage) => {
    using bed = new AgentBed(sample.agent);
    bed.append(sample.file, damage.apply(sample.lines, sample));
    bed.saveAll(bed.segmentsOf(sample.file));

    const found = bed.exported().map(({ prompt, parts }) => [prompt, answersOf(parts)] as const);
    const kept = damage.kept?.(sample);
    const meant = PROMPTS.map((prompt, index) => [prompt, [ANSWERS[index]]] as const);
    // With a record lost, its neighbour may have taken in what followed; its own words are there all the same.
    const isAsMeant =
      kept === undefined
        ? JSON.stringify(found) === JSON.stringify(meant)
        : kept.every((index) =>
            found.some(([prompt, answers]) => prompt === PROMPTS[index] && answers.includes(ANSWERS[index] ?? '')),
          );
    expect(isAsMeant ? 'as meant' : found).toBe('as meant');
    expect(bed.figures.deadLetters(20)).toHaveLength(damage.quarantined);
    expect(bed.audit.duplicates()).toBe(0);
    expect(bed.exported().filter((exchange) => exchange.isAbandoned === true)).toEqual([]);
    bed.checkFullText();
  });

  it.each(SAMPLES)('of %s that was replaced by a stub, and then by another one, loses nothing', (_, sample) => {
    using bed = new AgentBed(sample.agent);
    for (const [file, lines] of [
      [sample.file, sample.lines],
      [`~2/${sample.file}`, sample.lines.slice(0, 1)],
      [`~3/${sample.file}`, []],
      [`~4/${sample.file}`, sample.lines],
    ] as const) {
      bed.append(file, text(lines));
      if (lines.length > 0) bed.saveAll(bed.segmentsOf(file));
    }

    expect(bed.exported().map(({ prompt }) => prompt)).toEqual(PROMPTS);
  });

  it.each(SAMPLES)('of %s whose turns are out of order keeps them apart', (_, sample) => {
    const { lines } = sample;
    const from = sample.agent === 'cursor' ? 0 : 1;
    const size = (lines.length - from) / 3;
    const turn = (index: number): readonly string[] => lines.slice(from + index * size, from + (index + 1) * size);
    using bed = new AgentBed(sample.agent);
    bed.append(sample.file, text([...lines.slice(0, from), ...turn(1), ...turn(2), ...turn(0)]));
    bed.saveAll(bed.segmentsOf(sample.file));

    expect(
      bed
        .exported()
        .map(({ prompt, parts }) => [prompt, answersOf(parts)])
        .sort(),
    ).toEqual(PROMPTS.map((prompt, index) => [prompt, [ANSWERS[index]]]).sort());
  });

  it.each(SAMPLES)(
    'of %s never makes the adapter throw, whatever is cut, changed or put in',
    (_, { agent, file, lines }) => {
      const adapter = adapterOf(agent);
      if (adapter === null) throw new Error('no adapter');
      const context = adapter.contextOf(`${agent}/x/${file}`, file);
      const place = { start: 0, marks: {} };

      fc.assert(
        fc.property(fc.nat(), fc.nat(), fc.json(), (seed, cut, json) => {
          const random = generator(seed);
          const line = Buffer.from(lines[seed % lines.length] ?? '');
          for (let changes = cut % 4; changes > 0; changes -= 1) {
            line[Math.floor(random() * line.length)] = Math.floor(random() * 256);
          }
          const whole = Buffer.concat([line.subarray(0, cut % (line.length + 1)), Buffer.from(json), line]);
          for (const piece of [
            whole,
            Buffer.from(json),
            Buffer.from(`{"type":"event_msg","payload":${json},"data":${json},"role":"user","message":${json}}`),
          ]) {
            expect(['record', 'records', 'blank', 'malformed']).toContain(
              adapter.parseLine(piece, context, place).outcome,
            );
            adapter.salvageLine(piece, context, place);
          }
          for (const name of ['x.jsonl.zst', 'x.json', 'x.txt']) {
            const parsed = adapter.parseDocument(whole, { ...context, relativePath: name });
            const items = parsed.outcome === 'records' ? [...parsed.records] : [];
            expect(items.every((item) => 'record' in item || 'malformed' in item)).toBe(true);
          }
        }),
        { numRuns: 150 },
      );
    },
  );
});
