import { EngineError } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { withClient } from './open-client.ts';
import { EXIT } from './exit-code.ts';
import { countText, timeText } from './figures.ts';
import type { SearchOptions } from './reading-commands.ts';
import { plainLine } from './plain-text.ts';
import { tableLines } from './table.ts';

export interface DeadLettersChangeOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

export async function deadLettersListCommand(context: CommandContext, options: SearchOptions): Promise<number> {
  const { out } = context;
  const letters = await withClient(context, (client) => client.call('deadLetters.list', { limit: options.limit }));
  if (options.json === true) {
    await out.json(letters);
    return EXIT.ok;
  }
  if (letters.length === 0) await context.err.line('No dead letters: everything could be read.');
  const rows = letters.map((letter) => [
    String(letter.id),
    timeText(letter.at),
    letter.state,
    plainLine(letter.reason),
    `${countText(letter.start)}–${countText(letter.end)}`,
    plainLine(letter.sourcePath ?? letter.archivePath),
  ]);
  const columns = ['ID', 'SINCE', 'STATE', 'REASON', 'BYTES', 'FILE'].map((title) => ({ title }));
  if (rows.length > 0) for (const line of tableLines(columns, rows, null)) await out.line(line);
  return EXIT.ok;
}

/** Tries again, or sets aside for good, one dead letter or all. The bytes stay in the archive either way. */
export async function deadLettersChangeCommand(
  context: CommandContext,
  verb: 'retry' | 'discard',
  id: number | undefined,
  options: DeadLettersChangeOptions,
): Promise<number> {
  if ((id === undefined) !== (options.all === true)) {
    throw new EngineError('IPC_BAD_ARGUMENT', `Say which to ${verb}: the id of a dead letter, or --all.`);
  }
  const result = await withClient(context, (client) => client.call(`deadLetters.${verb}`, { id: id ?? null }));
  if (options.json === true) await context.out.json(result);
  else await context.out.line(`${countText(result.count)} ${verb === 'retry' ? 'queued again' : 'discarded'}`);
  return EXIT.ok;
}
