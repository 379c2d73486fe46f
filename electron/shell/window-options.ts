import type { BrowserWindowConstructorOptions } from 'electron';
import { LEAST_SIZE, placeWindow } from './window-state.ts';
import type { Bounds, WindowState } from './window-state.ts';

export interface WindowOptionsInput {
  readonly state: WindowState;
  readonly workAreas: readonly Bounds[];
  /** Absolute path of the bundled CommonJS preload. */
  readonly preload: string;
  /** Image for the title bar and the task list, absolute path. */
  readonly icon: string;
  /** Developer tools; never in a packaged program. */
  readonly devTools: boolean;
}

/** How the one window of the program is made. Its web preferences are as closed as Electron allows. */
export function windowOptions(input: WindowOptionsInput): BrowserWindowConstructorOptions {
  return {
    ...placeWindow(input.state.bounds, input.workAreas),
    minWidth: LEAST_SIZE.width,
    minHeight: LEAST_SIZE.height,
    title: 'Holdfast',
    icon: input.icon,
    show: false,
    autoHideMenuBar: true,
    webPreferences: {
      preload: input.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      safeDialogs: true,
      devTools: input.devTools,
    },
  };
}
