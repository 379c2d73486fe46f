/**
 * Finds exchanges by their words and by parts of words. Newest first, because row ids follow time; or the best of the newest
 * hits. Never writes.
 */
import { HIT_END, HIT_START, type SearchHit } from '../../../shared/exchange.ts';
import type { ParsedArgsOf } from '../../../shared/ipc.ts';
import type { Database, Statement } from './database.ts';
import { firstIdAt } from './exchange-id.ts';
import { agentTag, HAS_CODE, projectTag, toolTag } from './exchange-tags.ts';
import { snippetOf } from './search-snippet.ts';
import { SUMMARY_COLUMNS, summaryOf, type SummaryRow } from './exchange-summary.ts';
import {
  asksForParts,
  searchTerms,
  substringExpression,
  withTags,
  wordExpression,
  type SearchTerm,
} from './search-query.ts';

export type SearchRequest = ParsedArgsOf<'search.query'>;

const SNIPPET_TOKENS = 24;
/** Of so many newest hits the best are shown: to rank every hit of a common word would take seconds. */
const RANKED_HITS = 500;
/** A word in the prompt counts more than one in an answer, and that more than one in the name of a tool. */
const WEIGHTS = '4.0, 2.0, 1.0, 0.0';
/** Candidates for parts of words that are compared with their text, at most. */
const MOST_COMPARED = 2000;
/** Of a prompt in which nothing was looked for. */
const LONGEST_START = 160;

interface Range {
  readonly from: number;
  readonly to: number;
}

interface TextRow {
  readonly prompt: string;
  readonly answer: string;
  readonly tools: string;
  readonly tags: string;
}

export class ConversationSearch {
  readonly #words: Statement<[string, number, number, number], number>;
  readonly #ranked: Statement<[string, number, number, number, number], number>;
  readonly #parts: Statement<[string, number, number], number>;
  readonly #all: Statement<[number, number, number], number>;
  readonly #summary: Statement<[number], SummaryRow>;
  readonly #text: Statement<[number], TextRow>;
  readonly #snippet: Statement<[string, string, string, number], string>;

  constructor(database: Database) {
    // The casts: the driver binds large numbers as REAL, and full text compares its row ids with INTEGER only.
    const range = 'rowid >= CAST(? AS INTEGER) AND rowid <= CAST(? AS INTEGER)';
    const words = `FROM exchange_fts WHERE exchange_fts MATCH ? AND ${range} ORDER BY rowid DESC`;
    this.#words = database.prepare<[string, number, number, number], number>(`SELECT rowid ${words} LIMIT ?`).pluck();
    this.#ranked = database
      .prepare<[string, number, number, number, number], number>(
        `SELECT id FROM (SELECT rowid AS id, bm25(exchange_fts, ${WEIGHTS}) AS score ${words} LIMIT ?) ORDER BY score, id DESC LIMIT ?`,
      )
      .pluck();
    this.#parts = database
      .prepare<[string, number, number], number>(
        `SELECT rowid FROM exchange_substring WHERE exchange_substring MATCH ? AND ${range} ORDER BY rowid DESC`,
      )
      .pluck();
    this.#all = database
      .prepare<[number, number, number], number>(
        'SELECT id FROM exchange WHERE id >= ? AND id <= ? ORDER BY id DESC LIMIT ?',
      )
      .pluck();
    this.#summary = database.prepare(
      `SELECT ${SUMMARY_COLUMNS} FROM exchange e JOIN session s ON s.id = e.session WHERE e.id = ?`,
    );
    this.#text = database.prepare('SELECT prompt, answer, tools, tags FROM exchange WHERE id = ?');
    this.#snippet = database
      .prepare<[string, string, string, number], string>(
        `SELECT snippet(exchange_fts, -1, ?, ?, '…', ${SNIPPET_TOKENS})
         FROM exchange_fts WHERE exchange_fts MATCH ? AND rowid = CAST(? AS INTEGER)`,
      )
      .pluck();
  }

  search(request: SearchRequest): SearchHit[] {
    const { limit, order, role } = request;
    const terms = searchTerms(request.query);
    const isAsked = terms.some((term) => !term.isUnwanted);
    if (!isAsked && !hasFilter(request)) return [];
    const range = rangeOf(request);
    const tags = tagsOf(request);
    const words = wordExpression(terms, role);
    const expression = withTags(words, tags);
    const byWords = isAsked && words === null ? [] : this.#byWords(expression, range, limit, order);
    const ids = [...byWords];
    if (isAsked && (ids.length < limit || asksForParts(terms))) {
      const byParts = this.#byParts(terms, role, tags, range, limit).filter((id) => !ids.includes(id));
      ids.push(...byParts);
      if (order === 'newest') ids.sort((one, other) => other - one);
    }
    return ids.slice(0, limit).flatMap((id) => this.#hit(id, words, terms));
  }

  #byWords(expression: string | null, { from, to }: Range, limit: number, order: SearchRequest['order']): number[] {
    if (expression === null) return this.#all.all(from, to, limit);
    return order === 'rank'
      ? this.#ranked.all(expression, from, to, RANKED_HITS, limit)
      : this.#words.all(expression, from, to, limit);
  }

  /** What is found may not be a hit: three characters each are looked up, and the text decides. */
  #byParts(
    terms: readonly SearchTerm[],
    role: SearchRequest['role'],
    tags: readonly string[],
    { from, to }: Range,
    limit: number,
  ): number[] {
    const expression = substringExpression(terms, role);
    if (expression === null) return [];
    const ids: number[] = [];
    let compared = 0;
    for (const id of this.#parts.iterate(expression, from, to)) {
      compared += 1;
      if (compared > MOST_COMPARED || ids.length >= limit) break;
      const row = this.#text.get(id);
      if (row !== undefined && holdsTags(row, tags) && holdsTerms(row, terms, role)) ids.push(id);
    }
    return ids;
  }

  #hit(id: number, words: string | null, terms: readonly SearchTerm[]): SearchHit[] {
    const summary = this.#summary.get(id);
    if (summary === undefined) return [];
    return [{ exchange: summaryOf(summary), snippet: this.#snippetOf(id, words, terms), cursor: id }];
  }

  /** From the text itself. Full text would look the whole query up again for each hit, and is asked only where it folded letters. */
  #snippetOf(id: number, words: string | null, terms: readonly SearchTerm[]): string {
    const row = this.#text.get(id);
    if (row === undefined) return '';
    return (
      snippetOf([row.prompt, row.answer, row.tools], terms) ??
      (words === null ? undefined : this.#snippet.get(HIT_START, HIT_END, words, id)) ??
      row.prompt.slice(0, LONGEST_START).toWellFormed()
    );
  }
}

function hasFilter({ agent, project, from, to, tool, hasCode }: SearchRequest): boolean {
  return [agent, project, from, to, tool].some((filter) => filter !== null) || hasCode;
}

function rangeOf({ from, to, before }: SearchRequest): Range {
  const last = to === null ? Number.MAX_SAFE_INTEGER : firstIdAt(to + 1000) - 1;
  return { from: from === null ? 0 : firstIdAt(from), to: before === null ? last : Math.min(last, before - 1) };
}

function tagsOf({ agent, project, tool, hasCode }: SearchRequest): readonly string[] {
  return [
    ...(agent === null ? [] : [agentTag(agent)]),
    ...(project === null ? [] : [projectTag(project)]),
    ...(tool === null ? [] : [toolTag(tool)]),
    ...(hasCode ? [HAS_CODE] : []),
  ];
}

function holdsTags({ tags }: TextRow, wanted: readonly string[]): boolean {
  const held = new Set(tags.split(' '));
  return wanted.every((tag) => held.has(tag));
}

function holdsTerms(row: TextRow, terms: readonly SearchTerm[], role: SearchRequest['role']): boolean {
  const everywhere = `${row.prompt}\n${row.answer}\n${row.tools}`.toLowerCase();
  const where = role === null ? everywhere : row[role].toLowerCase();
  return terms.every(({ text, isUnwanted }) =>
    isUnwanted ? !everywhere.includes(text.toLowerCase()) : where.includes(text.toLowerCase()),
  );
}
