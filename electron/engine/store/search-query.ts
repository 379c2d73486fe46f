/**
 * What a person types, as queries of full text that cannot be a syntax error. Words must all occur; `"a phrase"` must occur as it
 * stands; `begin*` matches the beginning of a word; `-word` must not occur.
 */
export interface SearchTerm {
  readonly text: string;
  readonly isPhrase: boolean;
  readonly isPrefix: boolean;
  readonly isUnwanted: boolean;
}

/** Where a word has to stand. */
export type SearchRole = 'prompt' | 'answer';

const TOKEN = /(?<minus>-?)(?:"(?<phrase>[^"]*)"?|(?<word>[^\s"]+))/gu;
/** FTS5 knows letters and digits only; a term without any would be an empty phrase, which is an error. */
const SEARCHABLE = /[\p{L}\p{N}\p{Co}]/u;
const TEXT_COLUMNS = 'prompt answer tools';
/** A part of a word of this length can be looked up; a shorter one cannot. */
const SUBSTRING_LENGTH = 3;
/** Enough to leave few candidates; each is compared with the text afterwards. */
const MOST_TRIGRAMS = 12;
/** Languages that write without spaces: a word is found as a part of a run of characters only. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

export function searchTerms(input: string): readonly SearchTerm[] {
  const terms: SearchTerm[] = [];
  for (const { groups } of input.matchAll(TOKEN)) {
    const phrase = groups?.['phrase'];
    const written = phrase ?? groups?.['word'] ?? '';
    const isPrefix = phrase === undefined && /\*+$/u.test(written);
    const text = (isPrefix ? written.replace(/\*+$/u, '') : written).replaceAll('\0', ' ');
    if (text.trim() === '') continue;
    terms.push({ text, isPhrase: phrase !== undefined, isPrefix, isUnwanted: groups?.['minus'] === '-' });
  }
  return terms;
}

/** @returns an expression over whole words; null when there is no wanted word to look for */
export function wordExpression(terms: readonly SearchTerm[], role: SearchRole | null): string | null {
  const searchable = terms.filter((term) => SEARCHABLE.test(term.text));
  const of = (isUnwanted: boolean): readonly string[] =>
    searchable.filter((term) => term.isUnwanted === isUnwanted).map(quoted);
  const wanted = of(false);
  const unwanted = of(true);
  if (wanted.length === 0) return null;
  const all = `{${role ?? TEXT_COLUMNS}} : (${wanted.join(' AND ')})`;
  return unwanted.length === 0 ? all : `(${all}) NOT ({${TEXT_COLUMNS}} : (${unwanted.join(' OR ')}))`;
}

/** @param tags words of the tag column that all have to stand there */
export function withTags(expression: string | null, tags: readonly string[]): string | null {
  const all = tags.map((tag) => `tags : "${tag}"`);
  return [...(expression === null ? [] : [`(${expression})`]), ...all].join(' AND ') || null;
}

/**
 * @returns an expression over parts of words that finds everything in which the wanted terms stand somewhere, and more; null
 * when a term is too short to be looked up
 */
export function substringExpression(terms: readonly SearchTerm[], role: SearchRole | null): string | null {
  const wanted = terms.filter((term) => !term.isUnwanted).map((term) => trigramsOf(term.text));
  if (wanted.length === 0 || wanted.some((trigrams) => trigrams.length === 0)) return null;
  const all = [...new Set(wanted.flat())].map((trigram) => `"${trigram.replaceAll('"', '""')}"`);
  return `{${role ?? TEXT_COLUMNS}} : (${all.join(' AND ')})`;
}

/** True when words alone would not find what is meant: characters between letters, or a language without spaces. */
export function asksForParts(terms: readonly SearchTerm[]): boolean {
  return terms.some(({ text, isUnwanted }) => !isUnwanted && (UNSPACED.test(text) || /[^\p{L}\p{N}\s]/u.test(text)));
}

function quoted({ text, isPrefix }: SearchTerm): string {
  return `"${text.replaceAll('"', '""')}"${isPrefix ? '*' : ''}`;
}

function trigramsOf(text: string): readonly string[] {
  const characters = [...text];
  const count = characters.length - SUBSTRING_LENGTH + 1;
  const step = Math.max(1, Math.ceil(count / MOST_TRIGRAMS));
  const trigrams: string[] = [];
  for (let at = 0; at < count; at += step) trigrams.push(characters.slice(at, at + SUBSTRING_LENGTH).join(''));
  return trigrams;
}
