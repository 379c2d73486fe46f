import { EngineError } from '../engine/core/errors.ts';

export interface LaunchOptions {
  /** No tray and no window: the status window is served on loopback. */
  readonly headless: boolean;
  /** Tray only, as at login: the window stays closed until somebody asks for it. */
  readonly hidden: boolean;
  /** Port of the loopback API; null: what the settings say. */
  readonly port: number | null;
}

/**
 * Reads `[--headless] [--hidden] [--port N]`. Chromium's own switches stand in the same line, so what is not known is left alone.
 * @param args without the executable
 * @param portVariable `HOLDFAST_PORT`, which `--port` overrides
 * Errors: CONFIG_INVALID.
 */
export function readLaunchOptions(args: readonly string[], portVariable: string | undefined): LaunchOptions {
  const at = args.findLastIndex((arg) => arg === '--port' || arg.startsWith('--port='));
  const given = at === -1 ? portVariable : args[at] === '--port' ? (args[at + 1] ?? 'nothing') : args[at]?.slice(7);
  return { headless: args.includes('--headless'), hidden: args.includes('--hidden'), port: readPort(given) };
}

function readPort(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new EngineError('CONFIG_INVALID', `"${text}" is not a port: give a number from 0 to 65535.`);
}
