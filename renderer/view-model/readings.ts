/** The six readings of the Overview: value, normal band, warning and alarm limit, as bars. */
import type { AlarmPriority, StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import { texts } from '../texts/en.ts';
import type { Quantity } from './format.ts';
import { NO_FIGURE, formatCount, formatQuantity, secondsQuantity } from './format.ts';

export type ReadingLevel = 'normal' | 'low' | 'high' | 'crit';

export interface ReadingView {
  readonly name: string;
  /** `NO_FIGURE` and no unit when it was not measured. */
  readonly quantity: Quantity;
  readonly level: ReadingLevel;
  readonly priority: AlarmPriority | null;
  /** Null when it was not measured; else what a meter says of itself. */
  readonly meter: { readonly now: number; readonly max: number; readonly text: string } | null;
  /** Shares of the width, 0…100. */
  readonly pointer: number | null;
  readonly ticks: readonly {
    readonly at: number;
    readonly label: string;
    readonly kind: 'zero' | 'warning' | 'alarm';
  }[];
}

interface ReadingSpec {
  readonly name: string;
  readonly value: number | null;
  readonly warning: number;
  readonly alarm: number;
  /** Right end of the bar. */
  readonly max: number;
  /** `root` spreads the low end where a linear bar would hide it. */
  readonly scale: 'linear' | 'root';
  /** Dead letters warn from the limit on, all others above it. */
  readonly includesLimit: boolean;
  readonly alarmLevel: 'high' | 'crit';
  readonly show: (value: number) => Quantity;
  readonly showLimit: (value: number) => string;
}

const PRIORITY_OF: Record<ReadingLevel, AlarmPriority | null> = { normal: null, low: 3, high: 2, crit: 1 };

export function readingLevel(
  spec: Pick<ReadingSpec, 'value' | 'warning' | 'alarm' | 'includesLimit' | 'alarmLevel'>,
): ReadingLevel {
  const { value } = spec;
  if (value === null) return 'normal';
  const passes = (limit: number) => (spec.includesLimit ? value >= limit : value > limit);
  if (passes(spec.alarm)) return spec.alarmLevel;
  return passes(spec.warning) ? 'low' : 'normal';
}

export function readingViews(snapshot: StatusSnapshot, now: EpochMs): readonly ReadingView[] {
  return specsOf(snapshot, now).map(viewOf);
}

function specsOf(snapshot: StatusSnapshot, now: EpochMs): readonly ReadingSpec[] {
  const { queue, consumer, store } = snapshot;
  const beatAge = consumer.lastBeatAt === null ? null : Math.max(0, now - consumer.lastBeatAt);
  // A dead consumer is critical as soon as something waits for it; an unknown depth counts as something.
  const beatLevel = queue.depth === 0 ? 'high' : 'crit';
  return [
    messages(texts.readings.queueDepth, queue.depth, { warning: 100, alarm: 500, max: 650 }),
    messages(texts.readings.pending, queue.pending, { warning: 10, alarm: 50, max: 70 }),
    {
      ...ages(texts.readings.oldestWait, queue.oldestAgeMs, { warning: 60_000, alarm: 300_000, max: 900_000 }),
      scale: 'root',
      showLimit: (ms) => `${ms / 60_000}m`,
    },
    {
      ...ages(texts.readings.heartbeatAge, beatAge, { warning: 60_000, alarm: 120_000, max: 180_000 }),
      alarmLevel: beatLevel,
      show: (ms) => ({ value: formatCount(Math.floor(ms / 1000)), unit: 's' }),
    },
    {
      ...messages(texts.readings.saveLatency, consumer.latencyP95Ms, { warning: 250, alarm: 500, max: 600 }),
      show: latency,
    },
    {
      ...messages(texts.readings.deadLetters, store.deadLetters, { warning: 1, alarm: 10, max: 12 }),
      scale: 'root',
      includesLimit: true,
    },
  ];
}

interface Limits {
  readonly warning: number;
  readonly alarm: number;
  readonly max: number;
}

function messages(name: string, value: number | null, limits: Limits): ReadingSpec {
  const show = (count: number) => ({ value: formatCount(count), unit: texts.readings.messageUnit });
  const shared = { includesLimit: false, alarmLevel: 'high', scale: 'linear' } as const;
  return { name, value, ...limits, ...shared, show, showLimit: formatCount };
}

function ages(name: string, value: number | null, limits: Limits): ReadingSpec {
  return { ...messages(name, value, limits), show: secondsQuantity, showLimit: (ms) => formatCount(ms / 1000) };
}

function latency(ms: number): Quantity {
  return ms < 1000 ? { value: formatCount(ms), unit: 'ms' } : secondsQuantity(ms);
}

function viewOf(spec: ReadingSpec): ReadingView {
  const level = readingLevel(spec);
  const quantity = spec.value === null ? { value: NO_FIGURE, unit: '' } : spec.show(spec.value);
  const share = (value: number) => {
    const part = Math.min(1, Math.max(0, value / spec.max));
    return 100 * (spec.scale === 'root' ? Math.sqrt(part) : part);
  };
  const limits = [
    { at: 0, label: '0', kind: 'zero' },
    { at: share(spec.warning), label: spec.showLimit(spec.warning), kind: 'warning' },
    { at: share(spec.alarm), label: spec.showLimit(spec.alarm), kind: 'alarm' },
  ] as const;
  return {
    name: spec.name,
    quantity,
    level,
    priority: PRIORITY_OF[level],
    meter: spec.value === null ? null : meterOf(spec, spec.value, level, formatQuantity(quantity)),
    pointer: spec.value === null ? null : Math.min(99.2, Math.max(0.8, share(spec.value))),
    // A zero that would touch the first limit says nothing that the left edge does not.
    ticks: limits.filter((tick) => tick.kind !== 'zero' || share(spec.warning) > 15),
  };
}

function meterOf(spec: ReadingSpec, value: number, level: ReadingLevel, figure: string) {
  const text =
    level === 'normal'
      ? texts.readings.normal(figure)
      : level === 'low'
        ? texts.readings.aboveWarning(figure, spec.showLimit(spec.warning))
        : texts.readings.aboveAlarm(figure, spec.showLimit(spec.alarm));
  return { now: Math.min(value, spec.max), max: spec.max, text };
}
