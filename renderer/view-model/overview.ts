/** All that the Overview shows, from one snapshot. */
import type { StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import { texts } from '../texts/en.ts';
import { formatCount, formatRate } from './format.ts';
import type { Freshness } from './freshness.ts';
import { currentErrors, currentRate, slotsOf, usualRange } from './minutes.ts';
import { readingViews } from './readings.ts';
import { serviceViews } from './services.ts';
import { pipeStates, stageViews, tankSegments } from './stages.ts';

export function overviewView(snapshot: StatusSnapshot, freshness: Freshness, now: EpochMs) {
  const { store, queue, minutes } = snapshot;
  const stages = stageViews(snapshot, freshness, now);
  const slots = slotsOf(minutes, snapshot.at);
  const saved = slots.map((slot) => slot.saved);
  const errors = slots.map((slot) => slot.errors);
  const usual = usualRange(saved);
  const rate = currentRate(minutes, snapshot.at);
  const errorsNow = currentErrors(minutes, snapshot.at);
  return {
    stages,
    pipes: pipeStates(snapshot, stages),
    tank: tankSegments(queue.mode === 'bypass' ? 0 : queue.depth),
    isBypassed: queue.mode === 'bypass',
    deadLetters: store.deadLetters,
    readings: readingViews(snapshot, now),
    services: serviceViews(snapshot, freshness),
    recentSaves: snapshot.recentSaves,
    rate,
    errorsNow,
    saved,
    errors,
    usual,
    savedLabel: savedLabel(saved, rate, usual),
    errorsLabel: texts.charts.errorsLabel(formatCount(errorsNow), formatCount(highest(errors))),
    savesLastHour: store.savesLastHour,
    errorsLastHour: store.errorsLastHour,
  };
}

function savedLabel(
  saved: readonly (number | null)[],
  rate: number | null,
  usual: { readonly low: number; readonly high: number } | null,
): string {
  const label = texts.charts.messagesLabel(formatRate(rate), formatRate(highest(saved)));
  return usual === null ? label : label + texts.charts.usual(formatRate(usual.low), formatRate(usual.high));
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
