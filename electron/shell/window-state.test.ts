import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  INITIAL_WINDOW_STATE,
  LEAST_SIZE,
  USUAL_SIZE,
  WindowStateFile,
  parseWindowState,
  placeWindow,
} from './window-state.ts';

const BOUNDS = { x: 10, y: 20, width: 1000, height: 700 };
const SCREEN = { x: 0, y: 0, width: 1920, height: 1080 };

describe('WindowStateFile', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'holdfast-window-'));
    file = path.join(directory, 'window-state.json');
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('gives back what was written', async () => {
    const state = { bounds: BOUNDS, maximized: true, toldTrayMissing: true };

    await new WindowStateFile(file).write(state);

    expect(await new WindowStateFile(file).read()).toEqual(state);
  });

  it('starts afresh without a file and with a broken one, which it leaves alone', async () => {
    expect(await new WindowStateFile(file).read()).toEqual(INITIAL_WINDOW_STATE);

    await writeFile(file, '{"bounds":');

    expect(await new WindowStateFile(file).read()).toEqual(INITIAL_WINDOW_STATE);
    expect(await readFile(file, 'utf8')).toBe('{"bounds":');
  });
});

describe('parseWindowState', () => {
  it('takes what can be used and leaves the rest', () => {
    expect(parseWindowState({ bounds: { ...BOUNDS, x: '10' }, maximized: true, more: 1 })).toEqual({
      bounds: null,
      maximized: true,
      toldTrayMissing: false,
    });
    expect(parseWindowState({ bounds: { ...BOUNDS, width: 1e12 } }).bounds).toBeNull();
    expect(parseWindowState({ bounds: { ...BOUNDS, height: 0 } }).bounds).toBeNull();
  });

  it('never fails on any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Object.keys(parseWindowState(value)).sort()).toEqual(['bounds', 'maximized', 'toldTrayMissing']);
      }),
    );
  });
});

describe('placeWindow', () => {
  it('opens where the window was', () => {
    expect(placeWindow(BOUNDS, [SCREEN])).toEqual(BOUNDS);
  });

  it('leaves the place to the system at first, and when the screen is gone', () => {
    expect(placeWindow(null, [SCREEN])).toEqual(USUAL_SIZE);
    expect(placeWindow({ ...BOUNDS, x: 2500 }, [SCREEN])).toEqual({ width: 1000, height: 700 });
    expect(placeWindow({ ...BOUNDS, y: -50 }, [SCREEN])).toEqual({ width: 1000, height: 700 });
    expect(placeWindow({ ...BOUNDS, x: 2500 }, [SCREEN, { ...SCREEN, x: 1920 }])).toMatchObject({ x: 2500 });
  });

  it('is never smaller than usable nor larger than the screen', () => {
    expect(placeWindow({ x: 0, y: 0, width: 50, height: 50 }, [SCREEN])).toMatchObject({ width: LEAST_SIZE.width });
    expect(placeWindow({ x: 0, y: 0, width: 9000, height: 9000 }, [SCREEN])).toMatchObject({
      width: SCREEN.width,
      height: SCREEN.height,
    });
  });
});
