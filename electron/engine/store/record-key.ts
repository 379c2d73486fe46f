/** Keys of records as they stand in the database: 16 bytes for a UUID or a content hash, instead of 36 characters twice. */
const UUID_LENGTH = 36;
const UUID_BYTES = 16;
const UUID_HYPHENS: ReadonlySet<number> = new Set([8, 13, 18, 23]);
const HYPHEN = 0x2d;
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
  const uuid = packUuid(key);
  if (uuid !== null) return uuid;
  if (HASH.test(key)) return Buffer.concat([Buffer.of(HASH_MARK), Buffer.from(key.slice(1), 'hex')]);
  const text = Buffer.from(JSON.stringify(key), 'utf8');
  const zeros = Math.max(0, SHORTEST_TEXT_BYTES - 2 - text.length);
  return Buffer.concat([Buffer.of(TEXT_MARK, zeros), Buffer.alloc(zeros), text]);
}

/** By hand: three of these for each record, and a pattern with a conversion from hex takes five times as long. */
function packUuid(key: string): Buffer | null {
  if (key.length !== UUID_LENGTH) return null;
  const bytes = Buffer.allocUnsafe(UUID_BYTES);
  let high = -1;
  let at = 0;
  for (let index = 0; index < UUID_LENGTH; index += 1) {
    const code = key.charCodeAt(index);
    if (code === HYPHEN && UUID_HYPHENS.has(index)) continue;
    const digit = UUID_HYPHENS.has(index) ? -1 : hexDigit(code);
    if (digit < 0) return null;
    if (high < 0) {
      high = digit;
    } else {
      bytes[at] = high * 16 + digit;
      at += 1;
      high = -1;
    }
  }
  return bytes;
}

/** Lower case only, as UUIDs are written; a key in capitals is another key. @returns -1 for anything else */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}
