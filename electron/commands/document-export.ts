/** Writes sessions out for people, one at a time, so that memory does not grow with the history. */
import type { Exchange, SessionSummary } from '../../shared/exchange.ts';
import type { ToolBody } from '../../shared/record.ts';
import type { ExportDetail } from '../engine/export/export-options.ts';
import { htmlOf } from '../engine/export/html.ts';
import { markdownOf } from '../engine/export/markdown.ts';
import {
  recordsWithBodies,
  toDocumentExchange,
  type Bodies,
  type DocumentExchange,
  type SessionDocument,
} from '../engine/export/session-document.ts';
import type { EngineClient } from './engine-client.ts';

export type DocumentFormat = 'md' | 'html';

/** One answer of the engine holds the bodies of so many records, and of about so many bytes. */
const MOST_RECORDS = 200;
const MOST_BYTES = 8 * 1024 * 1024;

export async function readDocument(
  client: EngineClient,
  session: string,
  signal: AbortSignal,
): Promise<SessionDocument> {
  const detail = await client.call('sessions.get', { session });
  const exchanges: DocumentExchange[] = [];
  for (const exchange of detail.exchanges) {
    exchanges.push(toDocumentExchange(exchange, await readBodies(client, exchange, signal)));
  }
  return { session: detail.session, exchanges };
}

export function render(document: SessionDocument, format: DocumentFormat, detail: ExportDetail): Iterable<string> {
  return format === 'html' ? htmlOf(document, detail) : markdownOf(document, detail);
}

async function readBodies(client: EngineClient, exchange: Exchange, signal: AbortSignal): Promise<Bodies> {
  const bodies = new Map<string, readonly ToolBody[]>();
  for (const records of portions(exchange)) {
    signal.throwIfAborted();
    const found = await client.call('records.bodies', { agent: exchange.agent, records: [...records] });
    for (const { record, bodies: held } of found) bodies.set(record, held);
  }
  return bodies;
}

function* portions(exchange: Exchange): Generator<readonly string[], void, undefined> {
  const sizes = new Map(
    exchange.parts.flatMap((part) => (part.kind === 'tool-result' ? [[part.record, part.sizeBytes]] : [])),
  );
  let portion: string[] = [];
  let bytes = 0;
  for (const record of new Set(recordsWithBodies(exchange))) {
    const size = sizes.get(record) ?? 0;
    if (portion.length === MOST_RECORDS || (portion.length > 0 && bytes + size > MOST_BYTES)) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(record);
    bytes += size;
  }
  if (portion.length > 0) yield portion;
}

const LONGEST_NAME = 60;

/** `claude-code/2026-03-01-fix-the-otter-1f2e3d4c.md`: sorts by time, and can be read. */
export function fileNameOf(session: SessionSummary, format: DocumentFormat): string {
  const day = session.startedAt === null ? 'undated' : new Date(session.startedAt).toISOString().slice(0, 10);
  const title = session.title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, '-')
    .slice(0, LONGEST_NAME)
    .replace(/^-+|-+$/gu, '');
  const id = session.id.replace(/[^\w-]/gu, '').slice(0, 36);
  return `${session.agent}/${[day, title, id].filter((part) => part !== '').join('-')}.${format}`;
}
