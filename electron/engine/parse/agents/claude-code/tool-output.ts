/**
 * Takes what a tool printed out of a line before the line is parsed. Nine tenths of a transcript are such output, nothing of it
 * is shown or searched, and the archive keeps it: making strings of it would be most of the work of an import.
 *
 * Exact: a line means the same with and without. Only the content of long strings is taken out, each is checked as strictly
 * as JSON.parse would, and whatever does not look as expected is left alone for the parser to judge.
 */

/** Shorter lines are parsed as fast as they are looked through. */
const SHORTEST_LINE_BYTES = 2048;
/** Strings up to this length stay: taking them out costs more than reading them. */
const SHORTEST_STRING_BYTES = 128;
/** Where a record that holds the result of a tool says so. */
const MARK_WITHIN_BYTES = 2048;
const MARK = '"tool_result"';
const DEEPEST = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const OBJECT_OPEN = 0x7b;
const OBJECT_CLOSE = 0x7d;
const LIST_OPEN = 0x5b;
const LIST_CLOSE = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const LETTER_U = 0x75;

const WORD_BYTES = 4;
const ONES = 0x01010101;
const SPACES = 0x20202020;
const HIGH_BITS = 0x80808080;

/** Depths of `{"message": {"content": [{"content": …`, counted from 1. */
const RECORD_DEPTH = 1;
const MESSAGE_DEPTH = 2;
const BLOCK_DEPTH = 4;
const RESULT_KEY = Buffer.from('toolUseResult');
const MESSAGE_KEY = Buffer.from('message');
const CONTENT_KEY = Buffer.from('content');
/** Holds the bytes of a picture. */
const SOURCE_KEY = Buffer.from('source');

/**
 * @param line one line, valid UTF-8
 * @returns the line with its long outputs as empty strings; the line itself when there are none, or when in doubt
 */
export function withoutToolOutput(line: Buffer): Buffer {
  if (line.length < SHORTEST_LINE_BYTES) return line;
  if (!line.subarray(0, MARK_WITHIN_BYTES).includes(MARK)) return line;
  return new OutputCutter(line).cut() ?? line;
}

/** One walk over one line. Knows where it is by depth and by the keys that lead there. */
class OutputCutter {
  readonly #line: Buffer;
  readonly #kept: Buffer[] = [];
  readonly #isObject: boolean[] = [];
  #keptTo = 0;
  #depth = 0;
  #isKeyNext = false;
  #isInMessage = false;
  #isInContent = false;
  /** Depth of the object in which the value of a key is output; 0: not in output. */
  #outputDepth = 0;

  constructor(line: Buffer) {
    this.#line = line;
  }

  /** @returns null: parse the whole line */
  cut(): Buffer | null {
    const line = this.#line;
    const words = new DataView(line.buffer, line.byteOffset, line.length);
    for (let at = 0; at < line.length; at += 1) {
      const byte = line[at];
      if (byte === QUOTE) {
        const end = endOfString(line, words, at + 1);
        if (end < 0) return null;
        this.#passString(at + 1, end);
        at = end;
      } else if (byte === OBJECT_OPEN || byte === LIST_OPEN) {
        if (this.#depth === DEEPEST) return null;
        this.#depth += 1;
        this.#isObject[this.#depth] = byte === OBJECT_OPEN;
        this.#isKeyNext = byte === OBJECT_OPEN;
      } else if (byte === OBJECT_CLOSE || byte === LIST_CLOSE) {
        this.#leaveValue();
        if (this.#depth === 0) return null;
        this.#depth -= 1;
      } else if (byte === COMMA) {
        this.#leaveValue();
        this.#isKeyNext = this.#isObject[this.#depth] === true;
      } else if (byte === COLON) {
        this.#isKeyNext = false;
      }
    }
    if (this.#kept.length === 0) return null;
    this.#kept.push(line.subarray(this.#keptTo));
    return Buffer.concat(this.#kept);
  }

  #passString(start: number, end: number): void {
    if (this.#isKeyNext) {
      this.#passKey(start, end);
    } else if (this.#outputDepth > 0 && end - start > SHORTEST_STRING_BYTES) {
      this.#kept.push(this.#line.subarray(this.#keptTo, start));
      this.#keptTo = end;
    }
  }

  #passKey(start: number, end: number): void {
    if (this.#outputDepth > 0) return;
    const is = (key: Buffer): boolean => isBetween(this.#line, start, end, key);
    if (this.#depth === RECORD_DEPTH) {
      this.#isInMessage = is(MESSAGE_KEY);
      this.#isInContent = false;
      if (is(RESULT_KEY)) this.#outputDepth = RECORD_DEPTH;
    } else if (this.#depth === MESSAGE_DEPTH) {
      this.#isInContent = this.#isInMessage && is(CONTENT_KEY);
    } else if (this.#depth === BLOCK_DEPTH && this.#isInContent && (is(CONTENT_KEY) || is(SOURCE_KEY))) {
      this.#outputDepth = BLOCK_DEPTH;
    }
  }

  #leaveValue(): void {
    if (this.#outputDepth === this.#depth) this.#outputDepth = 0;
  }
}

function isBetween(line: Buffer, start: number, end: number, word: Buffer): boolean {
  return end - start === word.length && line.compare(word, 0, word.length, start, end) === 0;
}

/** @returns the place of the closing quote; -1 when there is none, or when JSON does not allow what stands before it */
function endOfString(line: Buffer, words: DataView, from: number): number {
  const lastWord = line.length - WORD_BYTES;
  for (let at = from; at < line.length; at += 1) {
    // Four plain bytes in one step: three times as fast as one by one.
    while (at <= lastWord && isPlain(words.getInt32(at, true))) at += WORD_BYTES;
    const byte = line[at];
    if (byte === QUOTE) return at;
    if (byte === undefined || byte < SPACE) return -1;
    if (byte === BACKSLASH) {
      const length = escapeLength(line, at + 1);
      if (length === 0) return -1;
      at += length;
    }
  }
  return -1;
}

/** True if none of the four bytes is a quote, a backslash or a control character. Now and then false without a reason. */
function isPlain(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found = ((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | ((word - SPACES) & ~word);
  return (found & HIGH_BITS) === 0;
}

/** @returns length of the escape after the backslash; 0 when JSON has none like it */
function escapeLength(line: Buffer, at: number): number {
  if (line[at] !== LETTER_U) return isSimpleEscape(line[at]) ? 1 : 0;
  return isHex(line[at + 1]) && isHex(line[at + 2]) && isHex(line[at + 3]) && isHex(line[at + 4]) ? 5 : 0;
}

/** One of `" \ / b f n r t`. */
function isSimpleEscape(byte: number | undefined): boolean {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
