/**
 * The log: JSON lines in `holdfast.log`, private, rotated at 5 MB with five old files. A log that cannot be written (full
 * disk) costs lines, never the recording: lines are counted and left out, and writing is tried again later.
 */
import { mkdirSync } from 'node:fs';
import { pino } from 'pino';
import { createStream } from 'rotating-file-stream';
import type { RotatingFileStream } from 'rotating-file-stream';
import type { Clock } from './clock.ts';
import type { LogFields, Logger } from './logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface FileLoggerOptions {
  /** Folder of the log; created with mode 0700. */
  readonly directory: string;
  readonly clock: Clock;
  /** Least level that is written. Default `info`. */
  readonly level?: LogLevel;
  /** Size at which a file is rotated, in KiB. Default 5120. */
  readonly rotateAtKib?: number;
}

const KEPT_FILES = 5;
const BURST = 5;
const REFILL_MS = 1000;
/** Messages are constants, so this many are never reached in practice; it bounds the memory all the same. */
const MOST_BUCKETS = 1000;
const MOST_BUFFERED_BYTES = 4_194_304;
const REOPEN_AFTER_MS = 10_000;

interface Bucket {
  tokens: number;
  refilledAt: number;
  leftOut: number;
}

/** Logger of the engine. A message repeated with the same code is written 5 times at once, then once a second. */
export class FileLogger implements Logger {
  readonly #clock: Clock;
  readonly #options: FileLoggerOptions;
  readonly #pino: pino.Logger;
  readonly #buckets = new Map<string, Bucket>();
  #stream: RotatingFileStream | null = null;
  #failedAt: number | null = null;
  #lost = 0;
  #closing: Promise<void> | null = null;

  constructor(options: FileLoggerOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#pino = pino(
      {
        level: options.level ?? 'info',
        base: null,
        messageKey: 'message',
        formatters: { level: (label) => ({ level: label }) },
        timestamp: () => `,"time":"${new Date(this.#clock.now()).toISOString()}"`,
      },
      {
        write: (line: string) => {
          this.#write(line);
        },
      },
    );
  }

  child(name: string): Logger {
    return this.#named(name);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', null, message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', null, message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', null, message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', null, message, fields);
  }

  /** Writes what is still to be written and closes the file. Later lines are left out. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#flush();
    return this.#closing;
  }

  #named(name: string): Logger {
    return {
      child: (inner) => this.#named(`${name}.${inner}`),
      debug: (message, fields) => {
        this.#log('debug', name, message, fields);
      },
      info: (message, fields) => {
        this.#log('info', name, message, fields);
      },
      warn: (message, fields) => {
        this.#log('warn', name, message, fields);
      },
      error: (message, fields) => {
        this.#log('error', name, message, fields);
      },
    };
  }

  #log(level: LogLevel, part: string | null, message: string, fields: LogFields = {}): void {
    if (this.#closing !== null || !this.#pino.isLevelEnabled(level)) return;
    const bucket = this.#bucket(`${level} ${part ?? ''} ${message} ${String(fields['code'] ?? '')}`);
    if (bucket.tokens < 1) {
      bucket.leftOut += 1;
      return;
    }
    bucket.tokens -= 1;
    const leftOut = bucket.leftOut === 0 ? {} : { leftOut: bucket.leftOut };
    bucket.leftOut = 0;
    this.#pino[level]({ ...(part === null ? {} : { part }), ...fields, ...leftOut }, message);
  }

  #bucket(key: string): Bucket {
    const now = this.#clock.monotonic();
    const known = this.#buckets.get(key);
    if (known !== undefined) {
      known.tokens = Math.min(BURST, known.tokens + (now - known.refilledAt) / REFILL_MS);
      known.refilledAt = now;
      return known;
    }
    if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear();
    const bucket = { tokens: BURST, refilledAt: now, leftOut: 0 };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #write(line: string): void {
    const stream = this.#usableStream();
    if (stream === null || stream.writableLength > MOST_BUFFERED_BYTES) {
      this.#lost += 1;
      return;
    }
    if (this.#lost > 0) {
      stream.write(`${JSON.stringify({ level: 'warn', message: 'log lines were lost', count: this.#lost })}\n`);
      this.#lost = 0;
    }
    stream.write(line);
  }

  #usableStream(): RotatingFileStream | null {
    if (this.#stream !== null) return this.#stream;
    if (this.#failedAt !== null && this.#clock.monotonic() - this.#failedAt < REOPEN_AFTER_MS) return null;
    try {
      mkdirSync(this.#options.directory, { recursive: true, mode: 0o700 });
    } catch {
      // Nowhere to report it: this is the log. The line is counted as lost by the caller.
      this.#failedAt = this.#clock.monotonic();
      return null;
    }
    const stream = createStream('holdfast.log', {
      path: this.#options.directory,
      size: `${this.#options.rotateAtKib ?? 5120}K`,
      rotate: KEPT_FILES,
      mode: 0o600,
    });
    stream.on('error', () => {
      this.#failedAt = this.#clock.monotonic();
      this.#lost += 1;
      this.#stream = null;
    });
    this.#stream = stream;
    return stream;
  }

  async #flush(): Promise<void> {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.leftOut > 0)
        this.#pino.info({ of: key.trim(), leftOut: bucket.leftOut }, 'repeated lines were left out');
    }
    const stream = this.#stream;
    if (stream === null) return;
    await new Promise<void>((resolve) => {
      stream.once('close', () => {
        resolve();
      });
      stream.end();
    });
  }
}
