/** Keys of records as they stand in the database: 16 bytes for a UUID or a content hash, instead of 36 characters twice. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HASH = /^#[0-9a-f]{32}$/;
const HASH_MARK = 0x23;
const TEXT_MARK = 0x22;

/** Longer than any UUID or hash, so that no other key can look like one. */
const SHORTEST_TEXT_BYTES = 18;

/**
 * A UUID → 16 bytes; `#` and 32 hex digits → `#` and 16 bytes; anything else → `"`, a count of zeros, the zeros, and its
 * JSON in UTF-8 (JSON, because it keeps lone surrogates apart). Injective.
 */
export function packRecordKey(key: string): Buffer {
  if (UUID.test(key)) return Buffer.from(key.replaceAll('-', ''), 'hex');
  if (HASH.test(key)) return Buffer.concat([Buffer.of(HASH_MARK), Buffer.from(key.slice(1), 'hex')]);
  const text = Buffer.from(JSON.stringify(key), 'utf8');
  const zeros = Math.max(0, SHORTEST_TEXT_BYTES - 2 - text.length);
  return Buffer.concat([Buffer.of(TEXT_MARK, zeros), Buffer.alloc(zeros), text]);
}
