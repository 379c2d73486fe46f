import type { ActiveAlarm, AlarmPriority } from '../../shared/status.ts';
import { alarmTexts } from '../texts/alarms-en.ts';
import { texts } from '../texts/en.ts';
import { formatBytes, formatCount, formatDuration, formatMillis, formatShare } from './format.ts';

export const PRIORITIES: readonly AlarmPriority[] = [1, 2, 3, 4];

/** How many alarms of each priority are active, most urgent first. */
export function tallyOf(
  alarms: readonly ActiveAlarm[],
): readonly { readonly priority: AlarmPriority; readonly count: number }[] {
  return PRIORITIES.map((priority) => ({
    priority,
    count: alarms.filter((alarm) => alarm.priority === priority).length,
  }));
}

/** The alarm for the footer: the most urgent, of these the newest. Null when there is none. */
export function highestAlarm(alarms: readonly ActiveAlarm[]): ActiveAlarm | null {
  const ordered = alarms.toSorted((a, b) => a.priority - b.priority || b.raisedAt - a.raisedAt);
  return ordered[0] ?? null;
}

/** The sentence of an alarm, its figures in the unit of its kind. */
export function alarmSentence(alarm: ActiveAlarm): string {
  const known = alarmTexts[alarm.key.replace(/\.warning$/, '')];
  const figure = FIGURES[known?.unit ?? 'count'];
  const figures = { value: figure(alarm.value), limit: figure(alarm.limit) };
  return known === undefined ? texts.alarms.unknown(alarm.key, figures) : known.text(figures);
}

const FIGURES = {
  count: formatCount,
  ms: formatMillis,
  age: formatDuration,
  bytes: formatBytes,
  share: formatShare,
} as const;
