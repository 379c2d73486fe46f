import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Exchange } from '../../shared/exchange.ts';
import { EngineError, systemErrorCode } from '../engine/core/errors.ts';
import { toExported, toJsonLine } from '../engine/export/jsonl.ts';
import type { CommandContext } from './command-context.ts';
import type { EngineClient } from './engine-client.ts';
import { withClient } from './open-client.ts';
import { EXIT } from './exit-code.ts';

export interface ExportOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly format?: 'json' | 'jsonl';
  readonly output?: string;
  readonly force?: boolean;
}

/** Takes text piece by piece. */
type Sink = (text: string) => Promise<void>;

/** Exports a session or everything, page by page, so that memory does not grow with the history. */
export async function exportCommand(
  context: CommandContext,
  session: string | undefined,
  options: ExportOptions,
): Promise<number> {
  if ((session === undefined) !== (options.all === true)) {
    throw new EngineError('IPC_BAD_ARGUMENT', 'Say what to export: the id of a session, or --all.');
  }
  const isArray = (options.format ?? (options.json === true ? 'json' : 'jsonl')) === 'json';
  const target = options.output === undefined ? null : path.resolve(context.workingDirectory, options.output);
  if (target !== null && options.force !== true && existsSync(target)) {
    throw new EngineError(
      'RESTORE_CONFLICT',
      `${target} is there already: nothing was written. Use --force to replace it.`,
    );
  }
  const signal = context.interrupted();
  const count = await withClient(context, async (client) => {
    const pages = session === undefined ? allPages(client, signal) : sessionPage(client, session);
    if (target === null) return writePages(pages, isArray, (text) => context.out.write(text));
    return writeFileWhole(target, (sink) => writePages(pages, isArray, sink));
  });
  if (target !== null) await context.err.line(`${String(count)} exchanges written to ${target}`);
  return EXIT.ok;
}

async function* allPages(client: EngineClient, signal: AbortSignal): AsyncGenerator<readonly Exchange[]> {
  for (let after: number | null = 0; after !== null;) {
    signal.throwIfAborted();
    const page: { readonly items: readonly Exchange[]; readonly next: number | null } = await client.call(
      'exchanges.page',
      { after },
    );
    yield page.items;
    after = page.next;
  }
}

async function* sessionPage(client: EngineClient, session: string): AsyncGenerator<readonly Exchange[]> {
  yield (await client.call('sessions.get', { session })).exchanges;
}

async function writePages(pages: AsyncIterable<readonly Exchange[]>, isArray: boolean, sink: Sink): Promise<number> {
  let count = 0;
  if (isArray) await sink('[');
  for await (const page of pages) {
    for (const exchange of page) {
      const separator = count === 0 ? '\n' : ',\n';
      await sink(isArray ? separator + JSON.stringify(toExported(exchange)) : toJsonLine(exchange));
      count += 1;
    }
  }
  if (isArray) await sink(count === 0 ? ']\n' : '\n]\n');
  return count;
}

/** An export that breaks off must not look like a whole one, nor damage an older one. */
async function writeFileWhole(target: string, write: (sink: Sink) => Promise<number>): Promise<number> {
  const temporary = `${target}.${String(process.pid)}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    let count: number;
    try {
      count = await write(async (text) => {
        await handle.writeFile(text);
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
    return count;
  } catch (error) {
    await rm(temporary, { force: true });
    const code = systemErrorCode(error);
    if (code === null || error instanceof EngineError) throw error;
    throw new EngineError('UNSUPPORTED_HERE', `${target} cannot be written (${code}).`, { cause: error });
  }
}
