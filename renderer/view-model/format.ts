/**
 * Figures as people read them. Pure, so that every screen says the same thing in the same way. A figure that was not
 * measured is `NO_FIGURE`, never a guess.
 */
import type { EpochMs } from '../../shared/time.ts';

export const NO_FIGURE = '–';

const LOCALE = 'en-GB';
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A figure and its unit, apart because they are set in different sizes. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

/** `1,284`. */
export function formatCount(count: number | null): string {
  return count === null ? NO_FIGURE : new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 }).format(count);
}

/** `12.4`, `0`, `212`: one decimal below 100, none where it would be .0. */
export function formatRate(perMinute: number | null): string {
  if (perMinute === null) return NO_FIGURE;
  return new Intl.NumberFormat(LOCALE, { maximumFractionDigits: perMinute < 100 ? 1 : 0 }).format(perMinute);
}

/** `75 %` of 0.75. */
export function formatShare(share: number | null): string {
  return share === null ? NO_FIGURE : `${formatCount(100 * share)} %`;
}

/** `4.2 MB`, `118 MB`, `0 B`: decimal units, as file managers count. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return NO_FIGURE;
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${new Intl.NumberFormat(LOCALE, { maximumFractionDigits: digits }).format(value)} ${BYTE_UNITS[unit] ?? 'B'}`;
}

/** `0.4 s`, `4 s`, `14 min`, `2 h 5 min`, `6 d 4 h`. Negative durations (a clock that jumped) read as none. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return NO_FIGURE;
  const span = Math.max(0, ms);
  if (span < SECOND) return `${(Math.floor(span / 100) / 10).toFixed(span === 0 ? 0 : 1)} s`;
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < DAY) return pair(Math.floor(span / HOUR), 'h', Math.floor((span % HOUR) / MINUTE), 'min');
  return pair(Math.floor(span / DAY), 'd', Math.floor((span % DAY) / HOUR), 'h');
}

function pair(whole: number, unit: string, part: number, partUnit: string): string {
  return part === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${part} ${partUnit}`;
}

/** `0.4 ms`, `38 ms`, `1.2 s`. */
export function formatMillis(ms: number | null): string {
  if (ms === null) return NO_FIGURE;
  if (ms >= SECOND) return formatQuantity(secondsQuantity(ms));
  return `${ms < 9.95 ? trimZero(ms.toFixed(1)) : Math.round(ms)} ms`;
}

/** `0.8 s`, `41 s`, `14:06 min`, `3:20 h`: for a reading whose figure and unit stand apart. */
export function secondsQuantity(ms: number): Quantity {
  const span = Math.max(0, ms);
  if (span < 10 * SECOND) return { value: trimZero((span / SECOND).toFixed(1)), unit: 's' };
  if (span < 2 * MINUTE) return { value: `${Math.floor(span / SECOND)}`, unit: 's' };
  const isMinutes = span < HOUR;
  const whole = Math.floor(span / (isMinutes ? MINUTE : HOUR));
  const part = Math.floor((span % (isMinutes ? MINUTE : HOUR)) / (isMinutes ? SECOND : MINUTE));
  return { value: `${whole}:${String(part).padStart(2, '0')}`, unit: isMinutes ? 'min' : 'h' };
}

export function formatQuantity(quantity: Quantity): string {
  return `${quantity.value} ${quantity.unit}`;
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, '');
}

/** `16:42:11`, in the zone of the computer unless one is given. */
export function formatClock(at: EpochMs | null, timeZone?: string): string {
  return at === null ? NO_FIGURE : timeFormat(timeZone, { second: '2-digit' }).format(at);
}

/** `16:42`. */
export function formatTime(at: EpochMs | null, timeZone?: string): string {
  return at === null ? NO_FIGURE : timeFormat(timeZone).format(at);
}

/** The shortest date that is not ambiguous: `16:42` today, `Tue` this week, `12 May` this year, `12 May 2025`. */
export function formatDay(at: EpochMs | null, now: EpochMs, timeZone?: string): string {
  if (at === null) return NO_FIGURE;
  const zone = timeZone === undefined ? {} : { timeZone };
  const isSame = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(LOCALE, { ...zone, ...options });
    return format.format(at) === format.format(now);
  };
  if (isSame({ year: 'numeric', month: 'numeric', day: 'numeric' })) return formatTime(at, timeZone);
  if (now - at < 6 * DAY && at < now) return new Intl.DateTimeFormat(LOCALE, { ...zone, weekday: 'short' }).format(at);
  const year = isSame({ year: 'numeric' }) ? {} : ({ year: 'numeric' } as const);
  return new Intl.DateTimeFormat(LOCALE, { ...zone, day: 'numeric', month: 'short', ...year }).format(at);
}

function timeFormat(timeZone: string | undefined, more: Intl.DateTimeFormatOptions = {}): Intl.DateTimeFormat {
  const zone = timeZone === undefined ? {} : { timeZone };
  return new Intl.DateTimeFormat(LOCALE, { ...zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...more });
}

/** The last folder of a path of either kind of system: what people call the project. */
export function projectName(path: string | null): string {
  if (path === null) return NO_FIGURE;
  return (
    path
      .split(/[\\/]/)
      .filter((part) => part !== '')
      .at(-1) ?? path
  );
}
