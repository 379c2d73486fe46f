import path from 'node:path';

/** The five silhouettes. */
export type TrayIconName = 'ok' | 'busy' | 'warn' | 'error' | 'paused';

/**
 * File of an icon below `resources/`. macOS recolours a template image by itself and finds the one for dense screens by its
 * name; Windows has one for each colour of the task bar; Linux cannot ask for the colour of the panel, and scales down well.
 */
export function trayIconFile(
  platform: NodeJS.Platform,
  name: TrayIconName,
  taskBar: 'dark' | 'light',
  paths: path.PlatformPath = path,
): string {
  if (platform === 'darwin') return paths.join('tray', 'mac', `${name}Template.png`);
  if (platform === 'win32') return paths.join('tray', 'win', `${name}-${taskBar}.ico`);
  return paths.join('tray', 'linux', `${name}-48.png`);
}

/** What a left click does: macOS opens the menu by itself, elsewhere it shows the status window. */
export function trayClickAction(platform: NodeJS.Platform): 'menu' | 'window' {
  return platform === 'darwin' ? 'menu' : 'window';
}
