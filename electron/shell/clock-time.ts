import type { EpochMs } from '../../shared/time.ts';

/** Writes a moment for people, seen from `now`. */
export type ClockTime = (at: EpochMs, now: EpochMs) => string;

/**
 * Times of day on 24 hours (`16:42`), with the date in front if it is another day (`21 Nov 16:42`). A time of day stays true
 * while a menu is open; an age would have to be rewritten every second.
 * @param timeZone IANA name; undefined: the system's
 */
export function clockTimes(timeZone?: string): ClockTime {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zone });
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...zone });
  return (at, now) => {
    const isSameDay = day.format(at) === day.format(now);
    return isSameDay ? time.format(at) : `${day.format(at)} ${time.format(at)}`;
  };
}
