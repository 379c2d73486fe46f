/** Where values stand in a JSON text, so that each can be read by itself. */

export interface JsonRange {
  readonly offset: number;
  readonly length: number;
}

/** More records than this do not come to stand on one line. */
const MOST_VALUES = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
/** A byte order mark is passed over like a blank. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/**
 * @param bytes JSON that is known to be valid
 * @param path names of the fields that lead to the list
 * @returns the range of each element, in order; none where there is no such list
 */
export function elementRanges(bytes: Buffer, path: readonly string[]): readonly JsonRange[] {
  const scanner = new JsonScanner(bytes);
  return path.every((name) => scanner.enter(name)) ? scanner.elements() : [];
}

/** What stands one behind the other, a value each if the text is sound; none of more than {@link MOST_VALUES}. */
export function valueRanges(bytes: Buffer): readonly JsonRange[] {
  return new JsonScanner(bytes).values();
}

class JsonScanner {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Goes to the value of a field of the object that begins here. Of fields with the same name the last one counts. */
  enter(name: string): boolean {
    if (this.#next() !== OPEN_OBJECT) return false;
    let found: number | null = null;
    this.#at += 1;
    while (this.#next() === QUOTE) {
      const start = this.#at;
      this.#skipValue();
      const field: unknown = JSON.parse(this.#bytes.toString('utf8', start, this.#at));
      if (this.#next() === COLON) this.#at += 1;
      this.#next();
      if (field === name) found = this.#at;
      this.#skipValue();
      if (this.#next() === COMMA) this.#at += 1;
    }
    if (found !== null) this.#at = found;
    return found !== null;
  }

  values(): readonly JsonRange[] {
    const ranges: JsonRange[] = [];
    while (this.#next() !== undefined) {
      const offset = this.#at;
      this.#skipValue();
      if (ranges.length === MOST_VALUES) return [];
      ranges.push({ offset, length: this.#at - offset });
    }
    return ranges;
  }

  elements(): readonly JsonRange[] {
    const ranges: JsonRange[] = [];
    if (this.#next() !== OPEN_LIST) return ranges;
    this.#at += 1;
    while (this.#at < this.#bytes.length && this.#next() !== CLOSE_LIST) {
      const offset = this.#at;
      this.#skipValue();
      ranges.push({ offset, length: this.#at - offset });
      if (this.#next() === COMMA) this.#at += 1;
    }
    return ranges;
  }

  /** Passes over blanks. @returns what stands there */
  #next(): number | undefined {
    while (BLANKS.has(this.#bytes[this.#at] ?? 0)) this.#at += 1;
    return this.#bytes[this.#at];
  }

  #skipValue(): void {
    let depth = 0;
    do {
      const byte = this.#next();
      if (byte === undefined) return;
      if (byte === QUOTE) {
        this.#skipString();
      } else {
        if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth += 1;
        if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth -= 1;
        this.#at += 1;
        if (depth === 0 && byte !== CLOSE_OBJECT && byte !== CLOSE_LIST) this.#skipWord();
      }
    } while (depth > 0);
  }

  #skipString(): void {
    this.#at += 1;
    while (this.#at < this.#bytes.length && this.#bytes[this.#at] !== QUOTE) {
      this.#at += this.#bytes[this.#at] === BACKSLASH ? 2 : 1;
    }
    this.#at += 1;
  }

  /** The rest of a number, `true`, `false` or `null`. */
  #skipWord(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte === COMMA || byte === CLOSE_LIST || byte === CLOSE_OBJECT) return;
      if (BLANKS.has(byte)) return;
      this.#at += 1;
    }
  }
}
