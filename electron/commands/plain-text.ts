import { HIT_END, HIT_START } from '../../shared/exchange.ts';

/** Control characters but for newline and tab, and the marks that reverse the direction of what follows. */
const UNSAFE = /[^\P{Cc}\n\t]|[\u202A-\u202E\u2066-\u2069]/gu;

/**
 * Text of a conversation, made harmless for a terminal: what an agent or a web page wrote must not move the cursor, change
 * the title or hide words. Nothing is left out silently; each such character becomes U+FFFD.
 */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSAFE, '\uFFFD');
}

/** The same on one line. */
export function plainLine(text: string): string {
  return plainText(text.replace(/\s+/g, ' ').trim());
}

/** A snippet on one line, with its hits in bold on a terminal and unmarked elsewhere. */
export function snippetLine(snippet: string, isTerminal: boolean): string {
  const line = plainLine(snippet);
  return line.replaceAll(HIT_START, isTerminal ? '\u001B[1m' : '').replaceAll(HIT_END, isTerminal ? '\u001B[22m' : '');
}
