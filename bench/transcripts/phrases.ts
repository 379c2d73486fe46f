/**
 * Text that looks like what people, agents and tools write. Everything is kept as it stands inside a JSON string, UTF-8 bytes held
 * one per character, so that making a gigabyte costs little more than copying it.
 */
import { createHash } from 'node:crypto';
import type { SeededRandom } from './random.ts';

/** Many lines in one string, of which any stretch can be cut out. */
export interface LinePool {
  readonly text: string;
  /** Where each line begins, and the end. */
  readonly offsets: readonly number[];
  readonly lines: number;
}

export const NEWLINE = '\\n';

const SYLLABLES =
  'ba co de fi gu ha in jo ka le mi no or pa qu re su ta ul ve wa ex yo ze st tr pl gr cl dr ent ion ing er al ate ous ive ful ness'.split(
    ' ',
  );
export const COMMON_WORDS: readonly string[] = (
  'the of and to a in is it that for on with as this be are not by at or an from we should can file test code function error run change add use ' +
  'fix build module server client value type return check path line new update config data index query cache watch write read stream parse record session ' +
  'message user tool result output input timeout retry lock race queue worker thread async await promise handler route schema migration table column row ' +
  'branch commit merge review deploy docker redis sqlite database search token memory performance latency throughput refactor rename remove import export'
).split(' ');
const EXTENSIONS = ['ts', 'tsx', 'js', 'py', 'rs', 'go', 'md', 'json', 'css', 'sql'];
const BEYOND_ASCII = ['é', 'ü', '→', '—', '✅', '🚀', '“quoted”', '日本語', 'ñ', 'Ω', '│'];
const WORDS = 30_000;
const POOL = 12_000;
const POOL_LINES = 24_000;

export function escaped(text: string): string {
  return Buffer.from(JSON.stringify(text).slice(1, -1)).toString('latin1');
}

export class Phrases {
  readonly words: readonly string[];
  readonly paths: readonly string[];
  readonly prose: readonly string[];
  readonly code: readonly string[];
  readonly base64: string;
  readonly codeLines: LinePool;
  readonly numberedLines: LinePool;
  readonly outputLines: LinePool;
  readonly #random: SeededRandom;

  constructor(random: SeededRandom, seed: number) {
    this.#random = random;
    this.words = vocabulary(random);
    this.paths = Array.from(
      { length: 3000 },
      () => `src/${random.pick(COMMON_WORDS)}/${this.word()}/${this.camelCase()}.${random.pick(EXTENSIONS)}`,
    );
    this.prose = Array.from({ length: POOL }, () => escaped(this.sentence()));
    this.code = Array.from({ length: POOL }, () => escaped(this.#codeLine()));
    const output = Array.from({ length: POOL }, () => escaped(this.#outputLine()));
    this.base64 = createHash('sha512').update(`b64${seed}`).digest('base64').replace(/=/g, '').repeat(4000);
    this.codeLines = this.#linePool(this.code, false);
    this.numberedLines = this.#linePool(this.code, true);
    this.outputLines = this.#linePool(output, false);
  }

  /** A word; common ones are common. */
  word(): string {
    const rank = Math.floor(Math.exp(this.#random.next() * Math.log(this.words.length)) - 1);
    return this.words[Math.min(this.words.length - 1, rank)] ?? '';
  }

  camelCase(): string {
    const first = this.word();
    const second = this.word();
    return first + second.charAt(0).toUpperCase() + second.slice(1);
  }

  /** Not escaped. */
  sentence(): string {
    const length = 5 + this.#random.int(14);
    let text = '';
    for (let i = 0; i < length; i += 1) text += (i > 0 ? ' ' : '') + this.#sentencePart();
    return text.charAt(0).toUpperCase() + text.slice(1) + (this.#random.next() < 0.9 ? '.' : '?');
  }

  /** Prose of at least so many bytes, sentence by sentence, escaped. */
  text(bytes: number): string {
    let text = this.#random.pick(this.prose);
    while (text.length < bytes) {
      text += (this.#random.next() < 0.2 ? NEWLINE : ' ') + this.#random.pick(this.prose);
    }
    return text;
  }

  /** One stretch of a pool of about so many bytes, escaped. */
  stretch(pool: LinePool, bytes: number): string {
    const averageBytes = pool.text.length / pool.lines;
    const lastStart = pool.lines - Math.ceil((bytes / averageBytes) * 1.3) - 50;
    const first = this.#random.int(Math.max(1, lastStart));
    const from = pool.offsets[first] ?? 0;
    let last = Math.min(pool.lines, first + Math.max(1, Math.round(bytes / averageBytes)));
    while (last < pool.lines && (pool.offsets[last] ?? 0) - from < bytes) last += 1;
    return pool.text.slice(from, (pool.offsets[last] ?? 0) - NEWLINE.length);
  }

  #sentencePart(): string {
    const kind = this.#random.next();
    if (kind < 0.9) return this.word();
    if (kind < 0.95) return `\`${this.camelCase()}\``;
    return this.#random.pick(kind < 0.985 ? this.paths : BEYOND_ASCII);
  }

  #codeLine(): string {
    const random = this.#random;
    return random.pick([
      () =>
        `  const ${this.camelCase()} = await ${this.camelCase()}(${this.camelCase()}, { ${this.word()}: ${random.int(1000)} });`,
      () => `  if (${this.camelCase()} !== "${this.word()}") { return ${this.camelCase()}.${this.word()}(); }`,
      () => `import { ${this.camelCase()} } from './${this.word()}/${this.word()}.js';`,
      () => `\t\tthrow new Error(\`${this.word()} ${this.word()}: \${${this.camelCase()}}\`);`,
      () => `  // ${this.sentence()}`,
      () => '',
      () => `}`,
      () => `export function ${this.camelCase()}(${this.word()}: string): Promise<${this.word()}> {`,
    ])();
  }

  #outputLine(): string {
    const random = this.#random;
    return random.pick([
      () => `${random.pick(this.paths)}:${random.int(900)}:${random.int(80)}: ${this.sentence()}`,
      () => `  ✓ ${this.word()} ${this.word()} ${this.word()} (${random.int(400)} ms)`,
      () =>
        `-rw-r--r-- 1 dev dev ${random.int(99_999)} Jan ${random.int(28) + 1} 10:${10 + random.int(49)} ${random.pick(this.paths)}`,
      () =>
        `[2026-0${1 + random.int(9)}-1${random.int(9)}T1${random.int(9)}:2${random.int(9)}:3${random.int(9)}.${100 + random.int(899)}Z] INFO ${this.word()} ${this.word()}=${random.int(1e6)}`,
      () => `\u001b[32mPASS\u001b[0m ${random.pick(this.paths)}`,
      () => `    at ${this.camelCase()} (/home/dev/${random.pick(this.paths)}:${random.int(500)}:${random.int(60)})`,
    ])();
  }

  #linePool(lines: readonly string[], isNumbered: boolean): LinePool {
    const offsets = [0];
    const parts: string[] = [];
    let end = 0;
    let number = 1;
    for (let i = 0; i < POOL_LINES; i += 1) {
      if (isNumbered && this.#random.next() < 0.004) number = 1;
      const prefix = isNumbered ? `${String(number).padStart(6)}\\t` : '';
      if (isNumbered) number += 1;
      const line = prefix + this.#random.pick(lines) + NEWLINE;
      parts.push(line);
      end += line.length;
      offsets.push(end);
    }
    // Through a buffer: a string joined of parts would be flattened again for each slice.
    return { text: Buffer.from(parts.join(''), 'latin1').toString('latin1'), offsets, lines: POOL_LINES };
  }
}

function vocabulary(random: SeededRandom): readonly string[] {
  const words = [...COMMON_WORDS];
  const seen = new Set(words);
  while (words.length < WORDS) {
    let word = '';
    for (let left = 2 + random.int(3); left > 0; left -= 1) word += random.pick(SYLLABLES);
    if (seen.has(word)) continue;
    seen.add(word);
    words.push(word);
  }
  return words;
}
