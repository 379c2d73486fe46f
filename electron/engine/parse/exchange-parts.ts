import type { ExchangePart } from '../../../shared/exchange.ts';
import type { ParsedRecord } from '../../../shared/record.ts';

type Spoken = Extract<ExchangePart, { kind: 'text' | 'thinking' }>;
export type ToolPart = Extract<ExchangePart, { kind: 'tool' }>;

/** Two blocks that happen to begin alike are shorter than this; a longer repetition is a newer copy of the same block. */
const LONGEST_CHANCE_PREFIX = 40;

/** The text of each answer, in order; nothing but what the agent said. */
export function answersOf(parts: readonly ExchangePart[]): readonly string[] {
  return parts.filter((part) => part.kind === 'text').map((part) => part.text);
}

/** The tools that were used, in order. */
export function toolsOf(parts: readonly ExchangePart[]): readonly ToolPart[] {
  return parts.filter((part) => part.kind === 'tool');
}

/**
 * Adds the parts of a record. A message of the model may be spread over several records, one block each, or be written
 * again and again as it grows; the second kind replaces what it repeats, in the place where that stood.
 */
export function mergeParts(parts: readonly ExchangePart[], record: ParsedRecord): readonly ExchangePart[] {
  if (record.parts.length === 0) return parts;
  const merged = [...parts];
  const taken = new Set<number>();
  const isNext = isNextBlock(parts, record);
  for (const part of record.parts) {
    const at = placeOfEarlier(merged, parts.length, part, isNext, taken);
    if (at === null) {
      merged.push(part);
    } else {
      taken.add(at);
      merged[at] = longer(merged[at], part);
    }
  }
  return merged;
}

/** The parts that a record brought. */
export function ownParts(parts: readonly ExchangePart[], recordKey: string): readonly ExchangePart[] {
  return parts.filter((part) => part.record === recordKey);
}

/**
 * Puts the parts of a record's newer state where those of the older one stood.
 * @param order keys of the records as they came first: says where the parts belong if there were none so far
 */
export function replaceParts(
  parts: readonly ExchangePart[],
  record: ParsedRecord,
  order: readonly string[],
): readonly ExchangePart[] {
  const others = parts.filter((part) => part.record !== record.key);
  const rank = order.indexOf(record.key);
  const first = parts.findIndex((part) => part.record === record.key || order.indexOf(part.record) > rank);
  const at = first < 0 ? others.length : first;
  return [...others.slice(0, at), ...record.parts, ...others.slice(at)];
}

/**
 * Records of single blocks are chained one to the next: what follows a record of the same message is a block of its own,
 * even if it says the same.
 */
function isNextBlock(parts: readonly ExchangePart[], record: ParsedRecord): boolean {
  const [part] = record.parts;
  if (record.parts.length !== 1 || part === undefined || !isSpoken(part)) return false;
  return parts.some((earlier) => {
    return earlier.record === record.parentKey && 'messageId' in earlier && earlier.messageId === part.messageId;
  });
}

/** Index of the part that the new one repeats, among the first `count`; each is repeated once by one record. */
function placeOfEarlier(
  parts: readonly ExchangePart[],
  count: number,
  part: ExchangePart,
  isNext: boolean,
  taken: ReadonlySet<number>,
): number | null {
  if (part.kind === 'notice' || part.kind === 'tool-result' || part.messageId === null) return null;
  const isRepeated = (earlier: ExchangePart, index: number) =>
    index < count && !taken.has(index) && repeats(part, earlier, isNext);
  const at = parts.findIndex(isRepeated);
  return at < 0 ? null : at;
}

function repeats(part: ExchangePart, earlier: ExchangePart, isNext: boolean): boolean {
  if (part.kind === 'tool') {
    return earlier.kind === 'tool' && part.useId !== null && part.useId === earlier.useId;
  }
  if (!isSpoken(part) || !isSpoken(earlier) || part.kind !== earlier.kind) return false;
  if (part.messageId !== earlier.messageId || !isSamePrefix(part.text, earlier.text)) return false;
  const isGrown = part.text.length > earlier.text.length && earlier.text.length >= LONGEST_CHANCE_PREFIX;
  return !isNext || isGrown;
}

function isSpoken(part: ExchangePart): part is Spoken {
  return part.kind === 'text' || part.kind === 'thinking';
}

function isSamePrefix(one: string, other: string): boolean {
  return one.length < other.length ? other.startsWith(one) : one.startsWith(other);
}

function longer(earlier: ExchangePart | undefined, part: ExchangePart): ExchangePart {
  if (earlier === undefined) return part;
  return isSpoken(earlier) && isSpoken(part) && part.text.length <= earlier.text.length ? earlier : part;
}
