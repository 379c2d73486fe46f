import { spawn } from 'node:child_process';

interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/** Whether a person sits at a terminal of this very machine, so that a browser would open before their eyes. */
export function isAttended({ platform, env, isTerminal }: Surroundings): boolean {
  const isRemote = isSet(env['SSH_CONNECTION']) || isSet(env['CI']);
  return isTerminal && !isRemote && hasDisplay(platform, env);
}

export function hasDisplay(platform: NodeJS.Platform, env: Surroundings['env']): boolean {
  return platform === 'darwin' || platform === 'win32' || isSet(env['DISPLAY']) || isSet(env['WAYLAND_DISPLAY']);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

/** The system's command that opens an address in the person's browser. */
export function browserCommand(platform: NodeJS.Platform, url: string): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open', url];
  // Not through cmd, which would take the address apart at its & signs.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  return ['xdg-open', url];
}

/** Opens the address. Resolves to false when there is no command for it. Does not wait for the browser. */
export async function openBrowser(platform: NodeJS.Platform, url: string): Promise<boolean> {
  const [command, ...args] = browserCommand(platform, url);
  return new Promise((resolve) => {
    const child = spawn(command, args, { detached: true, stdio: 'ignore' });
    child.once('error', () => {
      resolve(false);
    });
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
