import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { trayClickAction, trayIconFile } from './tray-icon.ts';

const RESOURCES = path.resolve(import.meta.dirname, '..', '..', 'resources');

describe('trayIconFile', () => {
  it('follows the rules of each platform', () => {
    expect(trayIconFile('darwin', 'warn', 'dark', path.posix)).toBe('tray/mac/warnTemplate.png');
    expect(trayIconFile('win32', 'warn', 'dark', path.win32)).toBe('tray\\win\\warn-dark.ico');
    expect(trayIconFile('win32', 'warn', 'light', path.win32)).toBe('tray\\win\\warn-light.ico');
    expect(trayIconFile('linux', 'warn', 'light', path.posix)).toBe('tray/linux/warn-48.png');
  });

  it('names files that are there, for every state', () => {
    const missing = (['darwin', 'win32', 'linux'] as const).flatMap((platform) =>
      (['ok', 'busy', 'warn', 'error', 'paused'] as const)
        .flatMap((name) => [trayIconFile(platform, name, 'dark'), trayIconFile(platform, name, 'light')])
        .filter((file) => !existsSync(path.join(RESOURCES, file))),
    );

    expect(missing).toEqual([]);
  });
});

describe('trayClickAction', () => {
  it('shows the window, except on macOS, whose menu bar opens menus', () => {
    expect(trayClickAction('linux')).toBe('window');
    expect(trayClickAction('win32')).toBe('window');
    expect(trayClickAction('darwin')).toBe('menu');
  });
});
