/**
 * The one contract between the engine and whoever talks to it: the window (over Electron IPC or loopback HTTP) and the
 * command line (over loopback HTTP). Handlers, preload, HTTP routes, clients and test doubles are derived from it.
 */
import { z } from 'zod';
import type { ToolBody } from './record.ts';
import type { BackupView, DeadLetter, HealthReport, JobView, StatusSnapshot } from './status.ts';
import { AGENTS, type Exchange, type ExchangeSummary, type SearchHit, type SessionSummary } from './exchange.ts';

/** Who may make a call: the window never supplies a path and never touches files outside the data folder. */
export type Audience = 'window' | 'cli';

export interface RequestSpec<A extends z.ZodType = z.ZodType, R = unknown> {
  readonly args: A;
  readonly audience: Audience;
  /** Type carrier only; never has a value. */
  readonly result?: R;
}

function request<R>() {
  return <A extends z.ZodType>(args: A, audience: Audience = 'window'): RequestSpec<A, R> => ({ args, audience });
}

const nothing = z.strictObject({});
const limit = (most: number, usual: number) => z.number().int().min(1).max(most).default(usual);

export interface SessionDetail {
  readonly session: SessionSummary;
  readonly exchanges: readonly Exchange[];
}

/** A page of exchanges in the order of their row ids; `next` is null at the end. */
export interface ExchangePage {
  readonly items: readonly Exchange[];
  readonly next: number | null;
}

export interface RecordBodies {
  readonly record: string;
  readonly bodies: readonly ToolBody[];
}

export const REQUESTS = {
  'status.get': request<StatusSnapshot>()(nothing),
  'health.get': request<HealthReport>()(nothing),
  'recording.pause': request<StatusSnapshot['pause']>()(
    z.strictObject({ minutes: z.number().int().min(1).max(10_080).nullable() }),
  ),
  'recording.resume': request<StatusSnapshot['pause']>()(nothing),
  'exchanges.recent': request<readonly ExchangeSummary[]>()(z.strictObject({ limit: limit(1000, 20) })),
  'exchanges.page': request<ExchangePage>()(
    z.strictObject({ after: z.number().int().min(0).default(0), limit: limit(500, 200) }),
    'cli',
  ),
  'sessions.list': request<readonly SessionSummary[]>()(
    z.strictObject({
      limit: limit(10_000, 100),
      offset: z.number().int().min(0).default(0),
      project: z.string().max(4096).nullable().default(null),
    }),
  ),
  /** `session` may be the beginning of an id if it is unambiguous. Errors: NOT_FOUND, AMBIGUOUS. */
  'sessions.get': request<SessionDetail>()(z.strictObject({ session: z.string().min(1).max(200) })),
  /** What was put into tools and what came out, whole, of records of one session; records without are left out. */
  'records.bodies': request<readonly RecordBodies[]>()(
    z.strictObject({ agent: z.enum(AGENTS), records: z.array(z.string().min(1).max(1000)).max(200) }),
  ),
  'search.query': request<readonly SearchHit[]>()(
    z.strictObject({
      query: z.string().max(1000),
      limit: limit(500, 20),
      /** `rank`: the best of the newest hits first. */
      order: z.enum(['newest', 'rank']).default('newest'),
      agent: z.enum(AGENTS).nullable().default(null),
      /** Working directory, as it stands in the exchange. */
      project: z.string().max(4096).nullable().default(null),
      from: z.number().int().min(0).nullable().default(null),
      to: z.number().int().min(0).nullable().default(null),
      /** Where the words stand: in what the person said, or in what the agent answered. */
      role: z.enum(['prompt', 'answer']).nullable().default(null),
      /** Name of a tool that was used. */
      tool: z.string().min(1).max(200).nullable().default(null),
      hasCode: z.boolean().default(false),
      before: z.number().int().min(0).nullable().default(null),
    }),
  ),
  'jobs.start': request<{ readonly id: string }>()(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('import'), paths: z.array(z.string()).max(1000).default([]) }),
      z.strictObject({
        kind: z.literal('resync'),
        session: z.string().max(200).nullable().default(null),
        project: z.string().max(4096).nullable().default(null),
      }),
      z.strictObject({ kind: z.literal('verify') }),
      z.strictObject({ kind: z.literal('backup') }),
      z.strictObject({ kind: z.literal('rebuild') }),
      /** `name` as `backups.list` gives it. */
      z.strictObject({ kind: z.literal('backup-restore'), name: z.string().min(1).max(200) }),
      z.strictObject({ kind: z.literal('restore'), session: z.string().min(1).max(200), to: z.string().nullable() }),
    ]),
  ),
  'jobs.get': request<JobView>()(z.strictObject({ id: z.string().max(100) })),
  'jobs.cancel': request<JobView>()(z.strictObject({ id: z.string().max(100) })),
  /** Newest first. */
  'backups.list': request<readonly BackupView[]>()(nothing),
  'deadLetters.list': request<readonly DeadLetter[]>()(z.strictObject({ limit: limit(1000, 100) })),
  /** `id` null: all of them. Returns how many were touched. */
  'deadLetters.retry': request<{ readonly count: number }>()(
    z.strictObject({ id: z.number().int().positive().nullable() }),
  ),
  'deadLetters.discard': request<{ readonly count: number }>()(
    z.strictObject({ id: z.number().int().positive().nullable() }),
  ),
  /** Opens the data folder in the system's file manager. Errors: UNSUPPORTED_HERE when headless. */
  'data.openFolder': request<{ readonly opened: boolean }>()(nothing),
  /** Shows the status window of the running program. When headless, `url` is its address with the token. */
  'window.show': request<{ readonly shown: boolean; readonly url: string | null }>()(nothing, 'cli'),
} as const satisfies Record<string, RequestSpec>;

export interface Events {
  'status.changed': StatusSnapshot;
  'job.changed': JobView;
}

export type Topic = keyof typeof REQUESTS;
/** What a caller passes: defaults may be left out. */
export type ArgsOf<T extends Topic> = z.input<(typeof REQUESTS)[T]['args']>;
/** What a handler gets: validated, defaults filled in. */
export type ParsedArgsOf<T extends Topic> = z.output<(typeof REQUESTS)[T]['args']>;
export type ResultOf<T extends Topic> = (typeof REQUESTS)[T] extends RequestSpec<z.ZodType, infer R> ? R : never;
export type EventTopic = keyof Events;

/** The engine's side: one handler for each request. */
export type Handlers = { readonly [T in Topic]: (args: ParsedArgsOf<T>) => Promise<ResultOf<T>> };

/** The caller's side, whatever carries the calls. */
export interface Bridge {
  /** Rejects with an error that has a `code` of {@link ErrorCode} and a sentence for people. */
  call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<ResultOf<T>>;
  /** Listens to an event; the returned function ends it. */
  on<E extends EventTopic>(topic: E, listener: (payload: Events[E]) => void): () => void;
}
