import { describe, expect, it } from 'vitest';
import { windowOptions } from './window-options.ts';
import { INITIAL_WINDOW_STATE } from './window-state.ts';

const INPUT = {
  state: INITIAL_WINDOW_STATE,
  workAreas: [],
  preload: '/p/preload.cjs',
  icon: '/i.png',
  devTools: false,
};

describe('windowOptions', () => {
  it('closes everything that Electron lets a window close', () => {
    expect(windowOptions(INPUT).webPreferences).toEqual({
      preload: '/p/preload.cjs',
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
      devTools: false,
    });
  });

  it('shows nothing before there is something to show', () => {
    expect(windowOptions(INPUT).show).toBe(false);
  });
});
