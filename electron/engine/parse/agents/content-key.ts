import { createHash } from 'node:crypto';

/** Key of a record that has no id of its own. */
export function contentKey(...parts: readonly (string | number | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(typeof part === 'number' ? String(part) : part).update('\n');
  return `#${hash.digest('hex').slice(0, 32)}`;
}

/** A record's own id is taken as it is if it is a plain word; anything else is replaced by a hash. */
export function isPlainId(id: string): boolean {
  return /^[\w.:-]{1,128}$/u.test(id);
}
