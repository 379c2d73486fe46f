import path from 'node:path';
import type { Exchange, SessionSummary } from '../../shared/exchange.ts';
import { EngineError } from '../engine/core/errors.ts';
import type { Detail, ExportDetail } from '../engine/export/export-options.ts';
import { toExported, toJsonLine } from '../engine/export/jsonl.ts';
import type { CommandContext } from './command-context.ts';
import { fileNameOf, readDocument, render, type DocumentFormat } from './document-export.ts';
import type { EngineClient } from './engine-client.ts';
import { EXIT } from './exit-code.ts';
import { FolderTarget, refuseExisting, writeFileWhole, ZipTarget, type ManyFiles, type Sink } from './export-target.ts';
import { withClient } from './open-client.ts';

export const EXPORT_FORMATS = ['jsonl', 'json', 'md', 'html'] as const;

export interface ExportOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly project?: string;
  readonly format?: (typeof EXPORT_FORMATS)[number];
  readonly output?: string;
  readonly force?: boolean;
  readonly tools: Detail;
  readonly thinking: Detail;
}

/** What is exported: one session, a project, or everything. */
type Scope =
  { readonly kind: 'session'; readonly session: string } | { readonly kind: 'many'; readonly project: string | null };

const SESSIONS_AT_ONCE = 500;
const PROGRESS_EVERY = 25;

/** Exports page by page, so that memory does not grow with the history. */
export async function exportCommand(
  context: CommandContext,
  session: string | undefined,
  options: ExportOptions,
): Promise<number> {
  const scope = scopeOf(context, session, options);
  const format = options.format ?? (options.json === true ? 'json' : 'jsonl');
  const target = options.output === undefined ? null : path.resolve(context.workingDirectory, options.output);
  if (target !== null) refuseExisting(target, options.force === true);
  return withClient(context, async (client) => {
    if (format === 'json' || format === 'jsonl') await exportData(context, client, scope, format === 'json', target);
    else if (scope.kind === 'session') await exportOne(context, client, scope.session, format, options, target);
    else await exportMany(context, client, scope.project, format, options, target);
    return EXIT.ok;
  });
}

function scopeOf(context: CommandContext, session: string | undefined, { all, project }: ExportOptions): Scope {
  const asked = [session !== undefined, all === true, project !== undefined].filter(Boolean).length;
  if (asked !== 1) {
    throw new EngineError('IPC_BAD_ARGUMENT', 'Say what to export: the id of a session, --project DIR, or --all.');
  }
  if (session !== undefined) return { kind: 'session', session };
  return { kind: 'many', project: project === undefined ? null : path.resolve(context.workingDirectory, project) };
}

async function exportData(
  context: CommandContext,
  client: EngineClient,
  scope: Scope,
  isArray: boolean,
  target: string | null,
): Promise<void> {
  const signal = context.interrupted();
  const pages = scope.kind === 'session' ? sessionPage(client, scope.session) : allPages(client, scope.project, signal);
  if (target === null) {
    await writePages(pages, isArray, (text) => context.out.write(text));
    return;
  }
  const count = await writeFileWhole(target, (handle) => writePages(pages, isArray, (text) => handle.writeFile(text)));
  await context.err.line(`${String(count)} exchanges written to ${target}`);
}

async function exportOne(
  context: CommandContext,
  client: EngineClient,
  session: string,
  format: DocumentFormat,
  detail: ExportDetail,
  target: string | null,
): Promise<void> {
  const document = await readDocument(client, session, context.interrupted());
  const pieces = render(document, format, detail);
  if (target === null) {
    for (const piece of pieces) await context.out.write(piece);
    return;
  }
  await writeFileWhole(target, async (handle) => {
    for (const piece of pieces) await handle.writeFile(piece);
  });
  await context.err.line(`${String(document.exchanges.length)} exchanges written to ${target}`);
}

async function exportMany(
  context: CommandContext,
  client: EngineClient,
  project: string | null,
  format: DocumentFormat,
  detail: ExportDetail,
  target: string | null,
): Promise<void> {
  if (target === null) {
    throw new EngineError('IPC_BAD_ARGUMENT', `Many files need a place: --output FOLDER, or --output FILE.zip.`);
  }
  const write = (files: ManyFiles): Promise<number> => writeSessions(context, client, project, format, detail, files);
  const count = target.toLowerCase().endsWith('.zip')
    ? await writeFileWhole(target, async (handle) => {
        const zip = new ZipTarget(handle);
        const written = await write(zip);
        await zip.end();
        return written;
      })
    : await write(new FolderTarget(target));
  await context.err.line(`${String(count)} sessions written to ${target}`);
}

async function writeSessions(
  context: CommandContext,
  client: EngineClient,
  project: string | null,
  format: DocumentFormat,
  detail: ExportDetail,
  files: ManyFiles,
): Promise<number> {
  const signal = context.interrupted();
  let count = 0;
  for await (const session of allSessions(client, project)) {
    signal.throwIfAborted();
    const document = await readDocument(client, session.id, signal);
    await files.add(fileNameOf(session, format), render(document, format, detail));
    count += 1;
    if (context.err.isTerminal && count % PROGRESS_EVERY === 0) await context.err.line(`${String(count)} sessions …`);
  }
  return count;
}

async function* allSessions(client: EngineClient, project: string | null): AsyncGenerator<SessionSummary> {
  for (let offset = 0; ; offset += SESSIONS_AT_ONCE) {
    const page = await client.call('sessions.list', { limit: SESSIONS_AT_ONCE, offset, project });
    yield* page;
    if (page.length < SESSIONS_AT_ONCE) return;
  }
}

async function* allPages(
  client: EngineClient,
  project: string | null,
  signal: AbortSignal,
): AsyncGenerator<readonly Exchange[]> {
  for (let after: number | null = 0; after !== null;) {
    signal.throwIfAborted();
    const page: { readonly items: readonly Exchange[]; readonly next: number | null } = await client.call(
      'exchanges.page',
      { after },
    );
    yield page.items.filter((exchange) => project === null || exchange.project === project);
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
