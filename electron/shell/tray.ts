import path from 'node:path';
import { Menu, Tray, nativeImage, nativeTheme } from 'electron';
import type { MenuItemConstructorOptions, NativeImage } from 'electron';
import { trayClickAction, trayIconFile } from './tray-icon.ts';
import type { TrayIconName } from './tray-icon.ts';
import type { TrayItem } from './tray-presenter.ts';
import type { TrayCommand, TrayMenuEntry } from './tray-view.ts';

export interface SystemTrayOptions {
  readonly platform: NodeJS.Platform;
  readonly resourcesDirectory: string;
  readonly run: (command: TrayCommand) => void;
}

/** The tray icon of the system, made when it is first given an image. */
export function createSystemTray(options: SystemTrayOptions): TrayItem {
  const image = (name: TrayIconName): NativeImage => {
    const taskBar = nativeTheme.shouldUseDarkColorsForSystemIntegratedUI ? 'dark' : 'light';
    return nativeImage.createFromPath(
      path.join(options.resourcesDirectory, trayIconFile(options.platform, name, taskBar)),
    );
  };
  const tray = new Tray(image('busy'));
  if (trayClickAction(options.platform) === 'window') {
    tray.on('click', () => {
      options.run({ kind: 'open-status' });
    });
  }
  return {
    setIcon: (name) => {
      tray.setImage(image(name));
    },
    setTooltip: (text) => {
      tray.setToolTip(text);
    },
    setMenu: (entries) => {
      tray.setContextMenu(Menu.buildFromTemplate(entries.map((entry) => menuItem(entry, options.run))));
    },
    destroy: () => {
      tray.destroy();
    },
  };
}

function menuItem(entry: TrayMenuEntry, run: (command: TrayCommand) => void): MenuItemConstructorOptions {
  switch (entry.kind) {
    case 'separator':
      return { type: 'separator' };
    case 'text':
      return { label: entry.label, enabled: false };
    case 'submenu':
      return { label: entry.label, submenu: entry.entries.map((inner) => menuItem(inner, run)) };
    case 'command':
      return {
        label: entry.label,
        click: () => {
          run(entry.command);
        },
      };
  }
}
