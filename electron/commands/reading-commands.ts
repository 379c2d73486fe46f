import path from 'node:path';
import type { Agent, SessionSummary } from '../../shared/exchange.ts';
import type { CommandContext } from './command-context.ts';
import { withClient } from './open-client.ts';
import { exchangeLines } from './exchange-text.ts';
import { EXIT } from './exit-code.ts';
import { countText, timeText } from './figures.ts';
import type { JsonOption } from './job-commands.ts';
import { plainLine, snippetLine } from './plain-text.ts';
import { tableLines } from './table.ts';

export interface SearchOptions extends JsonOption {
  readonly limit: number;
  readonly rank?: boolean;
  readonly agent?: Agent;
  readonly project?: string;
  readonly since?: number;
  readonly until?: number;
  readonly role?: 'prompt' | 'answer';
  readonly tool?: string;
  readonly code?: boolean;
}
export interface ListOptions extends JsonOption {
  readonly limit: number;
  readonly project?: string;
}
export interface ShowOptions extends JsonOption {
  readonly full?: boolean;
}

export async function searchCommand(
  context: CommandContext,
  words: readonly string[],
  options: SearchOptions,
): Promise<number> {
  const { out } = context;
  const { limit, agent = null, role = null, tool = null, since = null, until = null } = options;
  const request = {
    query: words.join(' '),
    limit,
    order: options.rank === true ? ('rank' as const) : ('newest' as const),
    agent,
    role,
    tool,
    from: since,
    to: until,
    project: options.project === undefined ? null : path.resolve(context.workingDirectory, options.project),
    hasCode: options.code === true,
  };
  const hits = await withClient(context, (client) => client.call('search.query', request));
  if (options.json === true) {
    await out.json(hits);
    return EXIT.ok;
  }
  if (hits.length === 0) await context.err.line('Nothing found.');
  for (const { exchange, snippet } of hits) {
    const place = exchange.project === null ? '' : `  ${plainLine(exchange.project)}`;
    await out.line(`${timeText(exchange.startedAt)}  ${exchange.sessionId}${place}`);
    await out.line(`  ${plainLine(exchange.title)}`);
    await out.line(`  ${snippetLine(snippet, out.isTerminal)}`);
  }
  return EXIT.ok;
}

export async function listCommand(context: CommandContext, options: ListOptions): Promise<number> {
  const { out } = context;
  const project = options.project === undefined ? null : path.resolve(context.workingDirectory, options.project);
  const sessions = await withClient(context, (client) =>
    client.call('sessions.list', { limit: options.limit, project }),
  );
  if (options.json === true) {
    await out.json(sessions);
    return EXIT.ok;
  }
  if (sessions.length === 0) await context.err.line('No conversation is saved yet.');
  else for (const line of sessionLines(sessions, out.isTerminal ? out.columns : null)) await out.line(line);
  return EXIT.ok;
}

export async function showCommand(context: CommandContext, session: string, options: ShowOptions): Promise<number> {
  const { out } = context;
  const detail = await withClient(context, (client) => client.call('sessions.get', { session }));
  if (options.json === true) {
    await out.json(detail);
    return EXIT.ok;
  }
  const { id, title, project, startedAt, sourcePresent } = detail.session;
  await out.line(plainLine(title));
  await out.line(`${id}  ${timeText(startedAt)}${project === null ? '' : `  ${plainLine(project)}`}`);
  if (!sourcePresent) await out.line('The agent has deleted its transcript; this is read from Holdfast.');
  for (const exchange of detail.exchanges) {
    for (const line of exchangeLines(exchange, options.full === true)) await out.line(line);
  }
  return EXIT.ok;
}

/** @param columns width of the terminal; null where the output goes into a file: then nothing is cut */
function sessionLines(sessions: readonly SessionSummary[], columns: number | null): readonly string[] {
  const idLength = columns === null ? Infinity : distinctLength(sessions.map(({ id }) => id));
  const rows = sessions.map((session) => [
    session.id.slice(0, idLength),
    timeText(session.lastAt ?? session.startedAt),
    countText(session.exchanges),
    session.project === null ? '' : plainLine(columns === null ? session.project : path.basename(session.project)),
    `${plainLine(session.title)}${session.sourcePresent ? '' : ' (deleted by the agent)'}`,
  ]);
  return tableLines(
    [
      { title: 'SESSION' },
      { title: 'LAST' },
      { title: 'EXCHANGES', align: 'right' },
      { title: 'PROJECT' },
      { title: 'TITLE', shrinks: true },
    ],
    rows,
    columns,
  );
}

const LEAST_ID_LENGTH = 8;

/** As much of the ids as tells them apart; `show` takes the beginning of one. */
function distinctLength(ids: readonly string[]): number {
  const longest = Math.max(LEAST_ID_LENGTH, ...ids.map((id) => id.length));
  for (let length = LEAST_ID_LENGTH; length < longest; length += 1) {
    if (new Set(ids.map((id) => id.slice(0, length))).size === new Set(ids).size) return length;
  }
  return longest;
}
