/**
 * Turns what a person types into an FTS5 query that cannot be a syntax error. Words must all occur; `"a phrase"` must occur
 * as it stands; `begin*` matches the beginning of a word; `-word` must not occur.
 * @returns null when nothing searchable is left
 */
export function toFtsQuery(input: string): string | null {
  const wanted: string[] = [];
  const unwanted: string[] = [];
  const token = /(?<minus>-?)(?:"(?<phrase>[^"]*)"?|(?<word>[^\s"]+))/gu;
  for (const { groups } of input.matchAll(token)) {
    const text = groups?.['phrase'] ?? groups?.['word'] ?? '';
    const isPrefix = groups?.['phrase'] === undefined && text.endsWith('*');
    // FTS5 knows letters and digits only; a token without any would be an empty phrase, which is an error.
    if (!/[\p{L}\p{N}\p{Co}]/u.test(text)) continue;
    const quoted = `"${text.replaceAll('"', '""').replace(/\*+$/, '').replaceAll('\0', ' ')}"${isPrefix ? '*' : ''}`;
    if (groups?.['minus'] === '-') unwanted.push(quoted);
    else wanted.push(quoted);
  }
  if (wanted.length === 0) return null;
  const all = wanted.join(' AND ');
  return unwanted.length === 0 ? all : `(${all}) NOT (${unwanted.join(' OR ')})`;
}
