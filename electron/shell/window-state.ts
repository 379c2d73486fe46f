/** What the shell remembers between starts: where the window was, and whether it was said that this desktop has no tray. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../engine/core/atomic-file.ts';
import { systemErrorCode } from '../engine/core/errors.ts';

/** Screen pixels that do not depend on the scale factor. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  /** Null: never opened, the system chooses the place. */
  readonly bounds: Bounds | null;
  readonly maximized: boolean;
  readonly toldTrayMissing: boolean;
}

export const INITIAL_WINDOW_STATE: WindowState = { bounds: null, maximized: false, toldTrayMissing: false };
export const USUAL_SIZE = { width: 1180, height: 780 };
export const LEAST_SIZE = { width: 880, height: 600 };

/** So much of the title bar must lie on a screen that a person can grasp the window. */
const LEAST_VISIBLE = { width: 120, height: 40 };

/** Keeps the state in one file. Losing it costs a position, so a file that cannot be used counts as none. */
export class WindowStateFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async read(): Promise<WindowState> {
    try {
      return parseWindowState(JSON.parse(await readFile(this.#file, 'utf8')));
    } catch (error) {
      if (systemErrorCode(error) === null && !(error instanceof SyntaxError)) throw error;
      return INITIAL_WINDOW_STATE;
    }
  }

  async write(state: WindowState): Promise<void> {
    await writeFileAtomic(this.#file, `${JSON.stringify(state)}\n`);
  }
}

/** Takes what can be used of a parsed file, and the initial value for the rest. */
export function parseWindowState(value: unknown): WindowState {
  if (typeof value !== 'object' || value === null) return INITIAL_WINDOW_STATE;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return {
    bounds: parseBounds(fields['bounds']),
    maximized: fields['maximized'] === true,
    toldTrayMissing: fields['toldTrayMissing'] === true,
  };
}

function parseBounds(value: unknown): Bounds | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) => wholeNumber(fields[name]));
  if (x === undefined || y === undefined || width === undefined || height === undefined) return null;
  return width < 1 || height < 1 ? null : { x, y, width, height };
}

/** Electron throws for numbers that do not fit 32 bits. */
function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 100_000 ? value : undefined;
}

/**
 * Where the window may open: as remembered if one can still reach it there, else in the middle (null), and never smaller
 * than usable or larger than the screen.
 * @param workAreas of the screens that are connected now
 */
export function placeWindow(
  remembered: Bounds | null,
  workAreas: readonly Bounds[],
): { readonly x?: number; readonly y?: number; readonly width: number; readonly height: number } {
  if (remembered === null) return USUAL_SIZE;
  const width = Math.max(LEAST_SIZE.width, remembered.width);
  const height = Math.max(LEAST_SIZE.height, remembered.height);
  const area = workAreas.find((candidate) => isReachable(remembered, candidate));
  if (area === undefined) return { width, height };
  return {
    x: remembered.x,
    y: remembered.y,
    width: Math.min(width, Math.max(LEAST_SIZE.width, area.width)),
    height: Math.min(height, Math.max(LEAST_SIZE.height, area.height)),
  };
}

function isReachable(bounds: Bounds, area: Bounds): boolean {
  const overlap = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x);
  const barVisible = bounds.y >= area.y && bounds.y + LEAST_VISIBLE.height <= area.y + area.height;
  return overlap >= LEAST_VISIBLE.width && barVisible;
}
