import { parseArgs } from 'node:util';

export interface ServeArguments {
  /** Null: what the settings say. */
  readonly port: number | null;
  /** False after `--no-open`: the address is printed and no browser opened. */
  readonly open: boolean;
}

/** A command line that cannot be understood. The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const SERVE_USAGE = 'Usage: npm start -- --headless [--port N] [--no-open]   (--port 0: any free port)';

/**
 * Reads `[--headless] [--port N] [--no-open]`.
 * @param portVariable `HOLDFAST_PORT`, which `--port` overrides
 * @throws UsageError
 */
export function parseServeArguments(args: readonly string[], portVariable: string | undefined): ServeArguments {
  const values = parse(args);
  const port = values.port ?? portVariable ?? '';
  return { port: port === '' ? null : parsePort(port), open: values['no-open'] !== true };
}

function parse(args: readonly string[]): { readonly port?: string; readonly 'no-open'?: boolean } {
  const options = { port: { type: 'string' }, headless: { type: 'boolean' }, 'no-open': { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${SERVE_USAGE}`, { cause: error });
  }
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`"${text}" is not a port: give a number from 0 to 65535.\n${SERVE_USAGE}`);
}
