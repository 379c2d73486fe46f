/**
 * One session as it is written out for people: exchanges with everything that was said and done, in order. The bodies of tools come
 * from the archive and are whole.
 */
import type { Exchange, ExchangePart, ExchangeState, SessionSummary } from '../../../shared/exchange.ts';
import type { ToolBody } from '../../../shared/record.ts';
import type { EpochMs } from '../../../shared/time.ts';

export type DocumentPart =
  | { readonly kind: 'text' | 'thinking'; readonly text: string }
  | {
      readonly kind: 'tool';
      readonly name: string;
      readonly summary: string;
      /** Null when its record is not in the archive any more, or its agent keeps none. */
      readonly input: string | null;
      readonly output: string | null;
      readonly isError: boolean;
    }
  | { readonly kind: 'notice'; readonly notice: string; readonly text: string };

export interface DocumentExchange {
  readonly key: string;
  readonly prompt: string;
  readonly startedAt: EpochMs | null;
  readonly state: ExchangeState;
  readonly isSubagent: boolean;
  readonly parts: readonly DocumentPart[];
}

export interface SessionDocument {
  readonly session: SessionSummary;
  readonly exchanges: readonly DocumentExchange[];
}

/** What was put into a tool, and what came out, by the record in which it stands. */
export type Bodies = ReadonlyMap<string, readonly ToolBody[]>;

/** Records whose bodies are needed to write an exchange out. */
export function recordsWithBodies(exchange: Exchange): readonly string[] {
  return exchange.parts.flatMap((part) => (part.kind === 'tool' || part.kind === 'tool-result' ? [part.record] : []));
}

export function toDocumentExchange(exchange: Exchange, bodies: Bodies): DocumentExchange {
  const outputs = resultsOf(exchange.parts);
  const { key, prompt, startedAt, state, isSubagent } = exchange;
  const parts = exchange.parts.flatMap((part): DocumentPart[] => {
    switch (part.kind) {
      case 'text':
      case 'thinking':
        return [{ kind: part.kind, text: part.text }];
      case 'notice':
        return [{ kind: 'notice', notice: part.notice, text: part.text }];
      case 'tool-result':
        // Shown with its tool; alone only when that is in no record of this exchange.
        return part.useId !== null && outputs.claimed.has(part.useId) ? [] : [orphan(part, bodies)];
      case 'tool': {
        const result = part.useId === null ? undefined : outputs.byUse.get(part.useId);
        return [
          {
            kind: 'tool',
            name: part.name,
            summary: part.summary,
            input: bodyOf(bodies, part.record, 'input', part.useId),
            output: result === undefined ? null : bodyOf(bodies, result.record, 'output', part.useId),
            isError: result?.isError ?? false,
          },
        ];
      }
    }
  });
  return { key, prompt, startedAt, state, isSubagent, parts };
}

type ResultPart = Extract<ExchangePart, { kind: 'tool-result' }>;

function resultsOf(parts: readonly ExchangePart[]): {
  readonly byUse: ReadonlyMap<string, ResultPart>;
  readonly claimed: ReadonlySet<string>;
} {
  const used = new Set(parts.flatMap((part) => (part.kind === 'tool' && part.useId !== null ? [part.useId] : [])));
  const byUse = new Map<string, ResultPart>();
  for (const part of parts) {
    if (part.kind === 'tool-result' && part.useId !== null) byUse.set(part.useId, part);
  }
  return { byUse, claimed: new Set([...used].filter((id) => byUse.has(id))) };
}

function orphan(part: ResultPart, bodies: Bodies): DocumentPart {
  const output = bodyOf(bodies, part.record, 'output', part.useId);
  return { kind: 'tool', name: '', summary: '', input: null, output, isError: part.isError };
}

function bodyOf(bodies: Bodies, record: string, kind: ToolBody['kind'], useId: string | null): string | null {
  const found = bodies.get(record)?.filter((body) => body.kind === kind) ?? [];
  // An agent that gives its uses no ids has one use in a record.
  return (found.find((body) => body.useId === useId) ?? found.find((body) => body.useId === null))?.text ?? null;
}
