import type { ServerExit } from './server-process.ts';

/**
 * - `data-damaged`: the append-only file cannot be loaded
 * - `port-taken`: somebody else was faster
 * - `socket-unusable`: the file system of the socket's folder has no sockets
 */
export type ExitCause = 'data-damaged' | 'port-taken' | 'socket-unusable' | 'unknown';

/** What Redis 7.0 writes in these cases, and 6.2 where it has other words. All of them end the server. */
const MESSAGES: readonly (readonly [ExitCause, RegExp])[] = [
  [
    'data-damaged',
    /reading the append only file|AOF manifest|Unable to obtain the AOF file|Internal error in RDB reading|Fatal error loading the DB|Short read or OOM loading DB|Terminating server after rdb file reading failure/i,
  ],
  ['port-taken', /Address already in use/i],
  ['socket-unusable', /opening Unix socket/i],
];

/** Why a server ended while it was starting, from what it wrote. */
export function exitCause(exit: ServerExit): ExitCause {
  return MESSAGES.find(([, pattern]) => pattern.test(exit.log))?.[0] ?? 'unknown';
}

/** One sentence for people. */
export function describeExit(exit: ServerExit): string {
  if (exit.signal !== null) return `Redis was ended by ${exit.signal}.`;
  const lastLine = exit.log.trim().split('\n').at(-1)?.replace(LOG_LINE_HEAD, '').trim().slice(0, 200) ?? '';
  return `Redis ended with code ${exit.code ?? 'unknown'}${lastLine === '' ? '.' : `: ${lastLine}`}`;
}

/** `1234:M 22 Nov 2026 17:21:45.123 # ` */
const LOG_LINE_HEAD = /^\d+:[A-Z] .*? [#*.-] /;
