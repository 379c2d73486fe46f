/** Fields of a log line: ids, counts, bytes, offsets, codes. Never transcript text, prompts, answers, keys or tokens. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * Messages are constant strings in past tense; everything variable is a field. `error` means that a person should look;
 * a retry is `debug`, giving up is `error`.
 */
export interface Logger {
  child(name: string): Logger;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = {
  child: () => silentLogger,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
