import { isUtf8 } from 'node:buffer';
import type { MalformedReason } from '../../../../../shared/record.ts';
import { isJsonObject, type JsonObject } from './json-object.ts';

export type JsonLine =
  | { readonly outcome: 'object'; readonly object: JsonObject }
  | { readonly outcome: 'blank' }
  | { readonly outcome: 'malformed'; readonly reason: MalformedReason };

const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = '\uFEFF';

/** The line without the 0x0D of a CRLF ending. */
export function trimLine(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

/**
 * Decodes one line. Strict about UTF-8: a replacement character in a prompt would be a silent change.
 * @param shorten takes out what the reader does not need; it gets valid UTF-8 and may not change what is malformed
 */
export function decodeJsonLine(line: Buffer, shorten: (line: Buffer) => Buffer = (whole) => whole): JsonLine {
  if (line.includes(0)) return malformed('nul-bytes');
  if (!isUtf8(line)) return malformed('invalid-utf8');
  const text = decodeText(shorten(line));
  if (text === null) return malformed('too-long');
  if (text.trim() === '') return { outcome: 'blank' };
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? { outcome: 'object', object: value } : malformed('not-an-object');
  } catch (error) {
    // JSON.parse has one error for bad text; a RangeError means that the text is nested deeper than the parser's stack.
    return malformed(error instanceof RangeError ? 'too-deep' : 'not-json');
  }
}

function decodeText(line: Buffer): string | null {
  try {
    const text = line.toString('utf8');
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  } catch {
    // A line beyond V8's longest string (about 512 MB) cannot be held as text at all.
    return null;
  }
}

function malformed(reason: MalformedReason): JsonLine {
  return { outcome: 'malformed', reason };
}
