import type { EpochMs } from '../../../../../shared/time.ts';

const QUERY_OPEN = '<user_query>';
const QUERY_CLOSE = '</user_query>';
/** An element of the client in front of what a person typed. */
const ELEMENT = /^\s*<([a-z][\w-]*)(?:\s[^>]*)?>/iu;
const TIME =
  /<timestamp>\s*(?:[A-Za-z]+,\s*)?([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2}),\s*(\d{4}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AP]M)?\s*(?:\((?:UTC|GMT)(?:([+-])(\d{1,2})(?::?(\d{2}))?)?\))?\s*<\/timestamp>/u;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

export interface UserText {
  /** What the person typed; null if the client wrote all of it. */
  readonly prompt: string | null;
  /** When it was sent, if the text says so, to the minute. */
  readonly at: EpochMs | null;
  readonly cwd: string | null;
}

/** Takes a person's words out of what the client put around them. */
export function readUserText(text: string): UserText {
  return { prompt: promptIn(text), at: timeIn(text), cwd: directoryIn(text) };
}

function promptIn(text: string): string | null {
  const open = text.indexOf(QUERY_OPEN);
  const close = text.lastIndexOf(QUERY_CLOSE);
  if (open >= 0 && close > open) {
    const inside = text
      .slice(open + QUERY_OPEN.length, close)
      .replace(/^\r?\n/u, '')
      .replace(/\r?\n$/u, '');
    return inside.trim() === '' ? null : inside;
  }
  const typed = withoutElements(text);
  return typed.trim() === '' ? null : typed;
}

/** Cuts elements off the front; what follows the last one is a person's. */
function withoutElements(text: string): string {
  let rest = text;
  for (;;) {
    const name = ELEMENT.exec(rest)?.[1];
    const end = name === undefined ? -1 : rest.indexOf(`</${name}>`);
    if (name === undefined || end < 0) return rest;
    rest = rest.slice(end + name.length + 3).replace(/^(?:\r?\n)+/u, '');
  }
}

function timeIn(text: string): EpochMs | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const [, month = '', day, year, hour, minute, second = '0', half, sign = '+', zoneHours = '0', zoneMinutes = '0'] =
    match;
  const hours = (Number(hour) % (half === undefined ? 24 : 12)) + (half === 'PM' ? 12 : 0);
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
  const at = Date.UTC(
    Number(year),
    MONTHS.findIndex((name) => name === month),
    Number(day),
    hours,
    Number(minute),
    Number(second),
  );
  return MONTHS.some((name) => name === month) ? at - offset * 60_000 : null;
}

function directoryIn(text: string): string | null {
  return /^\s*<user_info>[\s\S]*?^Workspace Path: (.+?)\s*$/mu.exec(text)?.[1] ?? null;
}
