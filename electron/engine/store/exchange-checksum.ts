import { crc32 } from 'node:zlib';
import type { PackedExchange } from './exchange-codec.ts';

/** What of an exchange's row is covered: all that its content is made of, written in one statement. */
export type CheckedExchange = PackedExchange & {
  readonly key: string;
  readonly state: string;
  readonly revision: number;
  readonly is_subagent: number;
};

/** CRC-32 over the content of an exchange's row: SQLite keeps none, so a flipped bit in a text would pass for the text. */
export function exchangeChecksum(row: CheckedExchange): number {
  const head = crc32([row.key, row.state, row.revision, row.is_subagent].join(' '));
  return [row.prompt, row.answer, row.thinking, row.tools, row.parts].reduce((sum, text) => crc32(text, sum), head);
}
