/**
 * An exchange as it stands in its row. Texts stand once, in the columns that full-text search reads; `parts` keeps their
 * order as ranges of those columns. Text that UTF-8 cannot carry (lone surrogates, which agents do write) stands inside
 * `parts`, where JSON escapes keep it.
 */
import { z } from 'zod';
import { StoreError } from '../core/errors.ts';
import type { ExchangeDraft, ExchangePart } from '../../../shared/exchange.ts';

export interface PackedExchange {
  readonly prompt: string;
  readonly answer: string;
  readonly thinking: string;
  readonly tools: string;
  readonly parts: string;
}

const SEPARATOR = '\n\n';
const NOTICES = ['compacted', 'interrupted', 'service-error', 'command-output', 'context'] as const;

const text = z.union([z.tuple([z.number(), z.number()]), z.string()]);
const nullable = z.string().nullable();
const packedPart = z.union([
  z.tuple([z.literal('t'), text, nullable, z.string()]),
  z.tuple([z.literal('k'), text, nullable, z.string()]),
  z.tuple([z.literal('u'), z.string(), z.string(), nullable, nullable, z.string()]),
  z.tuple([z.literal('r'), nullable, z.boolean(), z.number(), z.string()]),
  z.tuple([z.literal('n'), z.enum(NOTICES), z.string(), z.string()]),
]);
const packed = z.object({
  prompt: z.string().optional(),
  parts: z.array(packedPart),
  after: z.string().optional(),
  abandoned: z.literal(true).optional(),
  members: z.array(z.string()).optional(),
});
type PackedPart = z.infer<typeof packedPart>;

/** Collects texts into one column and gives the place of each. */
class Column {
  #content = '';

  get content(): string {
    return this.#content;
  }

  add(value: string): z.infer<typeof text> {
    if (!value.isWellFormed()) {
      this.#append(value.toWellFormed());
      return value;
    }
    return [this.#append(value), value.length];
  }

  #append(value: string): number {
    if (this.#content !== '') this.#content += SEPARATOR;
    const offset = this.#content.length;
    this.#content += value;
    return offset;
  }
}

/** What stands beside the parts, in few exchanges. */
export type PackedExtras = Pick<ExchangeDraft, 'after' | 'isAbandoned' | 'members'>;

export function packExchange(
  prompt: string,
  parts: readonly ExchangePart[],
  { after, isAbandoned, members }: PackedExtras = {},
): PackedExchange {
  const answer = new Column();
  const thinking = new Column();
  const tools: string[] = [];
  const packedParts = parts.map((part): PackedPart => {
    switch (part.kind) {
      case 'text':
        return ['t', answer.add(part.text), part.messageId, part.record];
      case 'thinking':
        return ['k', thinking.add(part.text), part.messageId, part.record];
      case 'tool':
        tools.push(`${part.name} ${part.summary}`);
        return ['u', part.name, part.summary, part.useId, part.messageId, part.record];
      case 'tool-result':
        return ['r', part.useId, part.isError, part.sizeBytes, part.record];
      case 'notice':
        return ['n', part.notice, part.text, part.record];
    }
  });
  return {
    prompt: prompt.toWellFormed(),
    answer: answer.content,
    thinking: thinking.content,
    tools: tools.join('\n').toWellFormed(),
    parts: JSON.stringify({
      ...(prompt.isWellFormed() ? {} : { prompt }),
      parts: packedParts,
      after: after ?? undefined,
      abandoned: isAbandoned === true ? true : undefined,
      members,
    }),
  };
}

/** Inverse of {@link packExchange}. Error: STORE_CORRUPT. */
export function unpackExchange(row: PackedExchange): PackedExtras & {
  readonly prompt: string;
  readonly parts: readonly ExchangePart[];
} {
  const result = packed.safeParse(parseJson(row.parts));
  if (!result.success)
    throw new StoreError('STORE_CORRUPT', 'a saved exchange cannot be read', { cause: result.error });
  const { after, abandoned, members } = result.data;
  return {
    prompt: result.data.prompt ?? row.prompt,
    parts: result.data.parts.map((part) => unpackPart(part, row)),
    ...(after === undefined ? {} : { after }),
    ...(abandoned === undefined ? {} : { isAbandoned: true }),
    ...(members === undefined ? {} : { members }),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new StoreError('STORE_CORRUPT', 'a saved exchange cannot be read', { cause: error });
  }
}

function unpackPart(part: PackedPart, row: PackedExchange): ExchangePart {
  switch (part[0]) {
    case 't':
      return { kind: 'text', text: textOf(part[1], row.answer), messageId: part[2], record: part[3] };
    case 'k':
      return { kind: 'thinking', text: textOf(part[1], row.thinking), messageId: part[2], record: part[3] };
    case 'u':
      return { kind: 'tool', name: part[1], summary: part[2], useId: part[3], messageId: part[4], record: part[5] };
    case 'r':
      return { kind: 'tool-result', useId: part[1], isError: part[2], sizeBytes: part[3], record: part[4] };
    case 'n':
      return { kind: 'notice', notice: part[1], text: part[2], record: part[3] };
  }
}

function textOf(place: z.infer<typeof text>, column: string): string {
  return typeof place === 'string' ? place : column.slice(place[0], place[0] + place[1]);
}
