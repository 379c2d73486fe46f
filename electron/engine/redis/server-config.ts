/**
 * The configuration of the Redis that Holdfast starts. It is written to the server's standard input, so that nothing of it is on a
 * command line or in a file; and it holds only the hash of the password.
 *
 * `appendfsync everysec`, chosen: the archive is the log and everything past the committed position is queued again, so
 * the second that a power cut may take costs some CPU. With `always` a full disk ends the server (it cannot take back
 * an acknowledged write); with `everysec` it stays, answers MISCONF, and takes writes again as soon as there is room.
 */
import { createHash } from 'node:crypto';

export interface ServerConfigOptions {
  /** The server's own directory: its working directory and the place of its append-only file. */
  readonly directory: string;
  readonly listen: { readonly kind: 'socket'; readonly path: string } | { readonly kind: 'tcp'; readonly port: number };
  readonly password: string;
}

export const APP_USER = 'app';

/** The prefix of every key of Holdfast. */
export const KEY_PREFIX = 'conversations:';

const MEMORY_LIMIT = '256mb';

/** Commands that the stream, the supervisor and the backup need; all else is refused, CONFIG SET, EVAL and FLUSHALL among it. */
const ALLOWED_COMMANDS = [
  '+@stream',
  '+ping',
  '+info',
  '+lastsave',
  '+config|get',
  '+bgsave',
  '+bgrewriteaof',
  '+shutdown',
  '+client|setname',
];

/** The text for `redis-server -`. Understood by Redis 6.2 and newer and by Valkey. */
export function serverConfig(options: ServerConfigOptions): string {
  const hash = createHash('sha256').update(options.password).digest('hex');
  const lines = [
    ...listenLines(options.listen),
    'protected-mode yes',
    'user default off',
    `user ${APP_USER} on #${hash} resetchannels ~${KEY_PREFIX}* ${ALLOWED_COMMANDS.join(' ')}`,
    `dir ${quoted(options.directory)}`,
    'databases 1',
    'daemonize no',
    // The title stays what it was at the start, so that a process can be recognised by it (process-identity.ts).
    'set-proc-title no',
    'logfile ""',
    // The log is a pipe: were it chatty, a busy parent could make the server wait.
    'loglevel warning',
    'always-show-logo no',
    'maxclients 128',
    `maxmemory ${MEMORY_LIMIT}`,
    'maxmemory-policy noeviction',
    // Save points would add one hazard and no safety: a failed background save makes the server refuse writes.
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'no-appendfsync-on-rewrite no',
    'aof-load-truncated yes',
    // A rewrite in command form forgets pending entries whose items are deleted (redis issue 15729).
    'aof-use-rdb-preamble yes',
    'auto-aof-rewrite-percentage 100',
    'auto-aof-rewrite-min-size 16mb',
  ];
  return `${lines.join('\n')}\n`;
}

function listenLines(listen: ServerConfigOptions['listen']): readonly string[] {
  if (listen.kind === 'tcp') return ['bind 127.0.0.1', `port ${listen.port}`];
  return ['port 0', `unixsocket ${quoted(listen.path)}`, 'unixsocketperm 700'];
}

/** A value in the double quotes of the configuration's syntax, in which a backslash escapes. */
function quoted(value: string): string {
  const escaped = value.replace(/[\\"\n\r\t]/g, (character) => ESCAPES[character] ?? character);
  return `"${escaped}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};
