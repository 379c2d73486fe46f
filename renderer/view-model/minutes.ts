/** Series of the Overview's charts: minute samples folded into equal slots, gaps kept as gaps. */
import type { StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';

export type MinuteSample = StatusSnapshot['minutes'][number];

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** A quarter of an hour each: as many points as the chart has room for. */
export const SLOTS = 96;
const RATE_WINDOW_MS = 5 * MINUTE;
/** Less history than this says nothing about what is usual. */
const USUAL_NEEDS_SLOTS = 16;

/** Mean per minute over the last five minutes that were measured; null when none was. */
export function currentRate(minutes: readonly MinuteSample[], now: EpochMs): number | null {
  const recent = minutes.filter((sample) => now - sample.at < RATE_WINDOW_MS + MINUTE).slice(-5);
  if (recent.length === 0) return null;
  return recent.reduce((sum, sample) => sum + sample.saved, 0) / recent.length;
}

/** Errors in the newest minute; null when nothing was measured lately. */
export function currentErrors(minutes: readonly MinuteSample[], now: EpochMs): number | null {
  const last = minutes.at(-1);
  return last === undefined || now - last.at >= 2 * MINUTE + RATE_WINDOW_MS ? null : last.errors;
}

/**
 * One value for each slot of the last 24 h, oldest first; null where no minute was measured. `saved` is the mean, so
 * that the line shows a rate; `errors` the highest minute, so that no error disappears in a mean.
 */
export function slotsOf(
  minutes: readonly MinuteSample[],
  now: EpochMs,
): readonly { readonly saved: number | null; readonly errors: number | null }[] {
  const groups = Array.from({ length: SLOTS }, (): MinuteSample[] => []);
  for (const sample of minutes) {
    const slot = SLOTS - 1 - Math.floor((now - sample.at) / (DAY / SLOTS));
    groups[Math.min(slot, SLOTS - 1)]?.push(sample);
  }
  return groups.map((group) => ({
    saved: group.length === 0 ? null : group.reduce((sum, sample) => sum + sample.saved, 0) / group.length,
    errors: group.length === 0 ? null : Math.max(...group.map((sample) => sample.errors)),
  }));
}

/** The range in which four of five slots lie; null while there is too little history. */
export function usualRange(values: readonly (number | null)[]): { readonly low: number; readonly high: number } | null {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  const low = known[Math.floor(known.length * 0.1)];
  const high = known[Math.ceil(known.length * 0.9) - 1];
  if (known.length < USUAL_NEEDS_SLOTS || low === undefined || high === undefined || high <= low) return null;
  return { low, high };
}

/** Top of an axis that holds `most` and divides evenly into its steps. */
export function axisOf(most: number, least: number): { readonly top: number; readonly steps: readonly number[] } {
  const wanted = Math.max(most, least);
  const magnitude = 10 ** Math.floor(Math.log10(wanted / 2));
  const step = [1, 2, 4, 5, 8, 10].map((factor) => factor * magnitude).find((size) => size * 3 >= wanted) ?? wanted;
  const count = Math.ceil(wanted / step);
  return { top: step * count, steps: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

/** Path of a line through `values` in a box of `width` × `height`; it is lifted over gaps. */
export function linePath(values: readonly (number | null)[], top: number, width: number, height: number): string {
  const step = width / (values.length - 1);
  let isDrawing = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDrawing = false;
        return '';
      }
      const command = isDrawing ? 'L' : 'M';
      isDrawing = true;
      return `${command}${(index * step).toFixed(1)} ${(height - (Math.min(value, top) / top) * height).toFixed(1)}`;
    })
    .join('');
}
