import type { CommandContext } from './command-context.ts';
import { EXIT } from './exit-code.ts';

export interface RunOptions {
  readonly headless?: boolean;
  readonly port?: number;
  /** False after `--no-open`. */
  readonly open: boolean;
}

/** Records until it is stopped: in this process when headless or without a display, else as the desktop program. */
export async function runCommand(context: CommandContext, options: RunOptions): Promise<number> {
  const args = [
    ...(options.port === undefined ? [] : ['--port', String(options.port)]),
    ...(options.open ? [] : ['--no-open']),
  ];
  const { platform, env } = context.engine;
  if (options.headless === true || !hasDisplay(platform, env)) return context.runHeadless(['--headless', ...args]);
  const code = await context.runDesktop(args);
  if (code !== null) return code;
  await context.err.line(
    'holdfast: The desktop program is not here: start Holdfast from the applications menu, or add --headless.',
  );
  return EXIT.failed;
}

/** Windows and macOS have one, unless this is a remote shell. */
export function hasDisplay(platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>): boolean {
  const isSet = (name: string) => env[name] !== undefined && env[name] !== '';
  if (platform === 'win32' || platform === 'darwin') return !isSet('SSH_CONNECTION');
  return isSet('DISPLAY') || isSet('WAYLAND_DISPLAY');
}
