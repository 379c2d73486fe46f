import { describe, expect, it } from 'vitest';
import { HIT_END, HIT_START } from '../../shared/exchange.ts';
import { plainLine, plainText, snippetLine } from './plain-text.ts';

describe('plainText', () => {
  it('lets no text of a conversation command the terminal', () => {
    const title = '\u001B]0;owned\u0007';

    expect(plainText(`a${title}b\u001B[2Jc\u009B31md`)).toBe('a\uFFFD]0;owned\uFFFDb\uFFFD[2Jc\uFFFD31md');
    expect(plainText('safe\u202Eelif')).toBe('safe\uFFFDelif');
  });

  it('keeps lines, tabs and every script', () => {
    expect(plainText('a\r\nb\tc 日本 عربي 👩‍👩‍👧')).toBe('a\nb\tc 日本 عربي 👩‍👩‍👧');
  });

  it('shows an overwriting carriage return', () => {
    expect(plainText('hidden\rshown')).toBe('hidden\uFFFDshown');
  });
});

describe('plainLine', () => {
  it('is one line', () => {
    expect(plainLine('  a\n\n b\tc ')).toBe('a b c');
  });
});

describe('snippetLine', () => {
  const snippet = `drop the\n${HIT_START}anchor${HIT_END} here\u001B[0m`;

  it('shows hits in bold on a terminal', () => {
    expect(snippetLine(snippet, true)).toBe('drop the \u001B[1manchor\u001B[22m here\uFFFD[0m');
  });

  it('leaves the marks out elsewhere', () => {
    expect(snippetLine(snippet, false)).toBe('drop the anchor here\uFFFD[0m');
  });
});
