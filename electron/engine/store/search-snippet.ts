import { HIT_END, HIT_START } from '../../../shared/exchange.ts';
import type { SearchTerm } from './search-query.ts';

const BEFORE = 60;
const AFTER = 120;

/**
 * The place of a text at which most of what was looked for stands close together, with the hits marked.
 * @param texts in the order in which they are preferred
 * @returns null when none of the terms stands there as it was typed
 */
export function snippetOf(texts: readonly string[], terms: readonly SearchTerm[]): string | null {
  const wanted = terms.filter((term) => !term.isUnwanted);
  if (wanted.length === 0) return null;
  // A whole word first: `cat` stands in `concatenate`, but is not what was found there.
  for (const pattern of [patternOf(wanted, true), patternOf(wanted, false)]) {
    for (const text of texts) {
      const at = bestPlace(text, pattern);
      if (at !== null) return cut(text, at, pattern);
    }
  }
  return null;
}

const MOST_PLACES = 200;

function bestPlace(text: string, pattern: RegExp): number | null {
  const places: { readonly at: number; readonly word: string }[] = [];
  for (const match of text.matchAll(pattern)) {
    places.push({ at: match.index, word: match[0].toLowerCase() });
    if (places.length === MOST_PLACES) break;
  }
  let best: { readonly at: number; readonly words: number } | null = null;
  for (const [index, { at }] of places.entries()) {
    const near = new Set<string>();
    for (let next = index; next < places.length; next += 1) {
      const place = places[next];
      if (place === undefined || place.at > at + AFTER) break;
      near.add(place.word);
    }
    if (best === null || near.size > best.words) best = { at, words: near.size };
  }
  return best?.at ?? null;
}

function cut(text: string, at: number, pattern: RegExp): string {
  const from = wordStart(text, Math.max(0, at - BEFORE), at);
  const to = Math.min(text.length, at + AFTER);
  const marked = text
    .slice(from, to)
    .toWellFormed()
    .replace(pattern, (hit) => `${HIT_START}${hit}${HIT_END}`);
  return `${from === 0 ? '' : '…'}${marked}${to === text.length ? '' : '…'}`;
}

/** Not in the middle of a word, if there is a space before the hit. */
function wordStart(text: string, from: number, hit: number): number {
  if (from === 0) return 0;
  const space = text.slice(from, hit).search(/\s/u);
  return space === -1 ? from : from + space + 1;
}

function patternOf(terms: readonly SearchTerm[], isWhole: boolean): RegExp {
  const border = '(?<![\\p{L}\\p{N}])';
  const end = '(?![\\p{L}\\p{N}])';
  const words = terms.map(({ text, isPrefix }) => {
    const plain = text.trim().replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
    // Between the words of a phrase may stand anything that is no letter.
    const spaced = plain.replace(/\s+/gu, '[^\\p{L}\\p{N}]+');
    return isWhole ? `${border}${spaced}${isPrefix ? '[\\p{L}\\p{N}]*' : end}` : spaced;
  });
  return new RegExp(words.join('|'), 'giu');
}
