/** What the reader shows of an exchange: texts in full, everything else folded into steps between them. */
import type { Exchange, ExchangePart } from '../../shared/exchange.ts';
import { HIT_END, HIT_START } from '../../shared/exchange.ts';

type PartOf<K extends ExchangePart['kind']> = Extract<ExchangePart, { readonly kind: K }>;

/** What the agent did on the way: read in one line, opened on request. */
export type Step = PartOf<'thinking'> | PartOf<'tool'> | PartOf<'tool-result'>;

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'notice'; readonly notice: PartOf<'notice'>['notice']; readonly text: string }
  | { readonly kind: 'steps'; readonly steps: readonly Step[]; readonly errors: number };

/** The parts in their order, with neighbouring steps folded into one block. */
export function blocksOf(exchange: Pick<Exchange, 'parts'>): readonly Block[] {
  const blocks: Block[] = [];
  let steps: Step[] = [];
  const closeSteps = () => {
    const errors = steps.filter((step) => step.kind === 'tool-result' && step.isError).length;
    if (steps.length > 0) blocks.push({ kind: 'steps', steps, errors });
    steps = [];
  };
  for (const part of exchange.parts) {
    if (part.kind === 'text' || part.kind === 'notice') {
      closeSteps();
      blocks.push(part.kind === 'text' ? { kind: 'text', text: part.text } : part);
    } else {
      steps.push(part);
    }
  }
  closeSteps();
  return blocks;
}

/** A text longer than this is cut until it is asked for in full: a page must never freeze on one message. */
export const TEXT_LIMIT = 64 * 1024;

export interface Snippet {
  readonly text: string;
  readonly isHit: boolean;
}

/** The pieces of a search snippet; the marks around hits are taken out. */
export function snippetPieces(snippet: string): readonly Snippet[] {
  return snippet
    .split(HIT_START)
    .flatMap((piece, index) => {
      const end = index === 0 ? -1 : piece.indexOf(HIT_END);
      if (end < 0) return [{ text: piece, isHit: false }];
      return [
        { text: piece.slice(0, end), isHit: true },
        { text: piece.slice(end + HIT_END.length), isHit: false },
      ];
    })
    .map(({ text, isHit }) => ({ text: text.replaceAll(HIT_END, ''), isHit }))
    .filter(({ text }) => text !== '');
}

/** Exchanges in one page of the reader. */
export const PAGE = 50;

/** The part of a conversation that is shown at first: its beginning, or what surrounds `key`. */
export function pageAround(
  keys: readonly string[],
  key: string | null,
): { readonly from: number; readonly to: number } {
  const index = key === null ? 0 : Math.max(0, keys.indexOf(key));
  const from = index < PAGE ? 0 : index - 10;
  return { from, to: Math.min(keys.length, from + PAGE) };
}
