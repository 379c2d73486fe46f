import type { LogFields, Logger } from '../engine/core/logger.ts';

/**
 * Log of the shell: JSON lines on standard error, where the system's supervisor collects them. The log file belongs to the
 * engine, and two writers would rotate it under each other.
 */
export function stderrLogger(write: (line: string) => void, part = 'shell'): Logger {
  const log =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      write(`${JSON.stringify({ level, part, message, ...fields })}\n`);
    };
  return {
    child: (name) => stderrLogger(write, `${part}.${name}`),
    debug: () => undefined,
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
  };
}
