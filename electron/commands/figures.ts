import type { EpochMs } from '../../shared/time.ts';

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** `12,345` in the way of the person's language. */
export function countText(count: number): string {
  return count.toLocaleString();
}

/** `1.2 MB`, decimal units. */
export function bytesText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: BYTE_UNITS[power] ?? 'byte',
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: power === 0 ? 0 : 1,
  }).format(bytes / 1000 ** power);
}

/** Day and minute in the way of the person's language and zone; `unknown` for null. */
export function timeText(at: EpochMs | null): string {
  if (at === null || !(Math.abs(at) <= 8.64e15)) return 'unknown';
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** `12 s`, `3 min`, `2 h`, `5 d`: one unit is enough to know whether to worry. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${String(seconds)} s`;
  if (seconds < 90 * 60) return `${String(Math.round(seconds / 60))} min`;
  if (seconds < 36 * 3600) return `${String(Math.round(seconds / 3600))} h`;
  return `${countText(Math.round(seconds / 86_400))} d`;
}
