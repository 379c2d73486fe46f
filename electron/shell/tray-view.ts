/**
 * What the tray shows. In: the newest snapshot and how the last resync ended. Out: icon, tooltip and menu as plain data. Pure:
 * the same state gives the same view, so that comparing two views tells whether anything has to be drawn at all.
 */
import type { ExchangeSummary } from '../../shared/exchange.ts';
import type { JobView, StatusSnapshot } from '../../shared/status.ts';
import type { ClockTime } from './clock-time.ts';
import { stateLine, stateTooltip } from './state-sentence.ts';
import type { TrayIconName } from './tray-icon.ts';

/** Windows cuts a longer tooltip. */
export const MOST_TOOLTIP_LENGTH = 126;
const MOST_TITLE_LENGTH = 50;
const RECENT_SAVES = 5;

export type TrayCommand =
  | { readonly kind: 'open-status' }
  | { readonly kind: 'resync' }
  /** `minutes` null: until resumed. */
  | { readonly kind: 'pause'; readonly minutes: number | null }
  | { readonly kind: 'resume' }
  | { readonly kind: 'open-conversation'; readonly session: string; readonly exchange: string }
  | { readonly kind: 'open-data-folder' }
  | { readonly kind: 'check-health' }
  | { readonly kind: 'quit' };

export type TrayMenuEntry =
  | { readonly kind: 'separator' }
  | { readonly kind: 'text'; readonly label: string }
  | { readonly kind: 'command'; readonly label: string; readonly command: TrayCommand }
  | { readonly kind: 'submenu'; readonly label: string; readonly entries: readonly TrayMenuEntry[] };

export interface TrayView {
  readonly icon: TrayIconName;
  readonly tooltip: string;
  readonly menu: readonly TrayMenuEntry[];
  /** Changes with what a person must see at once; everything else may wait a few seconds. */
  readonly urgency: string;
}

export interface TrayInput {
  /** Null until the engine has told its first one. */
  readonly snapshot: StatusSnapshot | null;
  /** The resync that runs or that ended last; null: none since the start. */
  readonly resync: JobView | null;
}

const ICONS = {
  starting: 'busy',
  ok: 'ok',
  busy: 'busy',
  warn: 'warn',
  error: 'error',
  paused: 'paused',
  stopping: 'busy',
} as const satisfies Record<StatusSnapshot['overall'], TrayIconName>;

export function trayView(input: TrayInput, clockTime: ClockTime): TrayView {
  const { snapshot, resync } = input;
  const icon = snapshot === null ? 'busy' : ICONS[snapshot.overall];
  const tooltip = snapshot === null ? 'Starting. Checking what is safe.' : stateTooltip(snapshot, clockTime);
  const pause = snapshot === null ? '' : `${String(snapshot.pause.paused)} ${String(snapshot.pause.until)}`;
  return {
    icon,
    tooltip: cut(resync?.state === 'running' ? `${progress(resync)} ${tooltip}` : tooltip, MOST_TOOLTIP_LENGTH),
    menu: snapshot === null ? startingMenu() : menuOf(snapshot, resync, clockTime),
    urgency: [icon, snapshot?.overall, pause, resync?.id, resync?.state].join(' '),
  };
}

function startingMenu(): readonly TrayMenuEntry[] {
  return [
    { kind: 'text', label: 'Starting' },
    { kind: 'separator' },
    { kind: 'command', label: 'Open status', command: { kind: 'open-status' } },
    { kind: 'separator' },
    { kind: 'command', label: 'Quit', command: { kind: 'quit' } },
  ];
}

function menuOf(snapshot: StatusSnapshot, resync: JobView | null, clockTime: ClockTime): readonly TrayMenuEntry[] {
  return [
    { kind: 'text', label: label(stateLine(snapshot, clockTime)) },
    { kind: 'separator' },
    { kind: 'command', label: 'Open status', command: { kind: 'open-status' } },
    ...resyncEntries(snapshot, resync, clockTime),
    pauseEntry(snapshot),
    recentEntry(snapshot.recentSaves),
    { kind: 'separator' },
    { kind: 'command', label: 'Open data folder', command: { kind: 'open-data-folder' } },
    { kind: 'command', label: 'Check health', command: { kind: 'check-health' } },
    { kind: 'separator' },
    { kind: 'command', label: 'Quit', command: { kind: 'quit' } },
  ];
}

function resyncEntries(
  snapshot: StatusSnapshot,
  resync: JobView | null,
  clockTime: ClockTime,
): readonly TrayMenuEntry[] {
  if (resync?.state === 'running') return [{ kind: 'text', label: label(progress(resync)) }];
  if (snapshot.job?.state === 'running') {
    return [{ kind: 'text', label: label(`Force resync (after the ${snapshot.job.kind} that runs)`) }];
  }
  const entry: TrayMenuEntry = { kind: 'command', label: 'Force resync', command: { kind: 'resync' } };
  if (resync === null) return [entry];
  const ended = clockTime(resync.endedAt ?? snapshot.at, snapshot.at);
  return [entry, { kind: 'text', label: label(`${resyncOutcome(resync)} ${ended}`) }];
}

/** How a resync ended, in one sentence without its time. */
export function resyncOutcome(job: JobView): string {
  if (job.state === 'cancelled') return 'Resync was cancelled.';
  if (job.state === 'failed') return 'Resync failed.';
  if (job.report?.kind !== 'resync') return 'Resync ended.';
  const { files, failed, newRecords, proof } = job.report;
  const parts = [newRecords === 0 ? 'nothing new' : `${String(newRecords)} new records`];
  if (proof !== null) parts.push(proof.missing === 0 ? 'nothing missing' : `${String(proof.missing)} missing`);
  if (failed > 0) parts.push(`${String(failed)} unreadable`);
  return `Resynced ${String(files)} files: ${parts.join(', ')}.`;
}

/** In steps of ten, so that the menu changes ten times and not a hundred. */
function progress(job: JobView): string {
  const share = job.totalBytes > 0 ? Math.min(1, job.doneBytes / job.totalBytes) : 0;
  return `Resyncing… ${String(Math.floor(share * 10) * 10)} %`;
}

function pauseEntry(snapshot: StatusSnapshot): TrayMenuEntry {
  if (snapshot.pause.paused) return { kind: 'command', label: 'Resume recording', command: { kind: 'resume' } };
  const choice = (text: string, minutes: number | null): TrayMenuEntry => ({
    kind: 'command',
    label: text,
    command: { kind: 'pause', minutes },
  });
  return {
    kind: 'submenu',
    label: 'Pause recording',
    entries: [choice('15 minutes', 15), choice('1 hour', 60), choice('Until I resume', null)],
  };
}

function recentEntry(saves: readonly ExchangeSummary[]): TrayMenuEntry {
  if (saves.length === 0) return { kind: 'text', label: 'Recent saves: none yet' };
  return {
    kind: 'submenu',
    label: 'Recent saves',
    entries: saves.slice(0, RECENT_SAVES).map((save) => ({
      kind: 'command',
      label: label(cut(plainTitle(save.title), MOST_TITLE_LENGTH)),
      command: { kind: 'open-conversation', session: save.sessionId, exchange: save.key },
    })),
  };
}

/** Titles come from transcripts: one line, without control characters or marks that turn the reading direction. */
function plainTitle(title: string): string {
  const line = title.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim();
  return line === '' ? 'Untitled' : line;
}

/** Menus take a single `&` for the mark of a shortcut key. */
function label(text: string): string {
  return text.replaceAll('&', '&&');
}

/** Cuts at a character, never inside a surrogate pair. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const short = text.slice(0, most - 1);
  const last = short.charCodeAt(short.length - 1);
  return `${last >= 0xd800 && last <= 0xdbff ? short.slice(0, -1) : short}…`;
}
