/** What the mimic diagram shows: six stages in the order of the flow, and the pipes between them. */
import type { ComponentHealth, HealthCheck, LampState, OverallState, StatusSnapshot } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import { texts } from '../texts/en.ts';
import { formatBytes, formatCount, formatDuration, formatMillis } from './format.ts';
import type { Freshness } from './freshness.ts';

export const STAGES = ['transcripts', 'watcher', 'archive', 'queue', 'consumer', 'store'] as const;
export type StageName = (typeof STAGES)[number];

export interface StageView {
  readonly name: StageName;
  readonly title: string;
  readonly lamp: LampState;
  readonly lines: readonly [string, string];
  /** The health check that speaks for this stage. */
  readonly check: HealthCheck['name'];
  /** Lamp and lines as one sentence, for those who hear the screen. */
  readonly label: string;
}

/**
 * - `flow`: grey, as usual.
 * - `blocked`: one of its ends has failed, so nothing gets through.
 * - `off`: held by the person, or not in use.
 */
export type PipeState = 'flow' | 'blocked' | 'off';

/** A heartbeat that is older is called missing; the alarm limit is later. */
const BEAT_MISSED_MS = 60_000;

const CHECKS = {
  transcripts: 'capture-gap',
  watcher: 'watcher',
  archive: 'archive',
  queue: 'queue',
  consumer: 'consumer',
  store: 'sqlite',
} as const satisfies Record<StageName, HealthCheck['name']>;

/** Lamp of one part. No lamp claims anything once the signal is lost. */
export function lampOf(health: ComponentHealth, freshness: Freshness): LampState {
  if (freshness === 'lost' || freshness === 'waiting') return 'unknown';
  if (health.reason === 'PAUSED') return 'paused';
  switch (health.state) {
    case 'starting':
      return 'busy';
    case 'healthy':
      return 'ok';
    case 'degraded':
      return 'warn';
    case 'failed':
      return 'error';
    case 'stopped':
      return 'off';
  }
}

/** Lamp of the whole program. */
export function overallLamp(overall: OverallState, freshness: Freshness): LampState {
  if (freshness === 'lost' || freshness === 'waiting') return 'unknown';
  return overall === 'starting' || overall === 'stopping' ? 'busy' : overall;
}

export function stageViews(snapshot: StatusSnapshot, freshness: Freshness, now: EpochMs): readonly StageView[] {
  return STAGES.map((name) => {
    const title = texts.mimic.stages[name];
    const lamp = lampOf(snapshot[name].health, freshness);
    const lines = linesOf(name, snapshot, now);
    const label = texts.mimic.stageLabel(title, texts.lamps[lamp], lines.join(', '));
    return { name, title, lamp, lines, check: CHECKS[name], label };
  });
}

function linesOf(name: StageName, snapshot: StatusSnapshot, now: EpochMs): readonly [string, string] {
  const { transcripts, watcher, archive, queue, consumer, store } = snapshot;
  switch (name) {
    case 'transcripts':
      return [texts.mimic.files(transcripts.files, formatCount(transcripts.files)), transcriptTrouble(transcripts)];
    case 'watcher': {
      const lag = formatDuration(watcher.lagMs);
      return [
        watcher.mode === 'events' ? texts.mimic.lag(lag) : texts.mimic.polling(lag),
        beat(watcher.lastBeatAt, now),
      ];
    }
    case 'archive':
      return [since(archive.lastWriteAt, now, texts.mimic.written, texts.mimic.notWritten), formatBytes(archive.bytes)];
    case 'queue':
      if (queue.mode === 'bypass') return [texts.mimic.bypassed, texts.mimic.depth(formatCount(queue.depth))];
      return [texts.mimic.depth(formatCount(queue.depth)), texts.mimic.pending(formatCount(queue.pending))];
    case 'consumer':
      return [texts.mimic.latency(formatMillis(consumer.latencyP95Ms)), beat(consumer.lastBeatAt, now)];
    case 'store':
      return [since(store.lastSaveAt, now, texts.mimic.saved, texts.mimic.notSaved), formatBytes(store.sizeBytes)];
  }
}

function transcriptTrouble(transcripts: StatusSnapshot['transcripts']): string {
  const missing = transcripts.missingRoots.length;
  if (transcripts.blockedFiles > 0) return texts.mimic.blocked(formatCount(transcripts.blockedFiles));
  if (missing > 0) return texts.mimic.rootsMissing(missing, formatCount(missing));
  return texts.mimic.active(formatCount(transcripts.hotFiles));
}

function beat(lastBeatAt: EpochMs | null, now: EpochMs): string {
  const age = lastBeatAt === null ? null : now - lastBeatAt;
  const isMissed = age !== null && age > BEAT_MISSED_MS;
  return (isMissed ? texts.mimic.noBeat : texts.mimic.beat)(formatDuration(age));
}

function since(at: EpochMs | null, now: EpochMs, some: (age: string) => string, none: string): string {
  return at === null ? none : some(formatDuration(now - at));
}

/** State of the five pipes, each between a stage and the next one. */
export function pipeStates(snapshot: StatusSnapshot, stages: readonly StageView[]): readonly PipeState[] {
  const isStuck = (stage: StageView | undefined) =>
    stage?.lamp === 'error' || (stage?.name === 'consumer' && snapshot.consumer.retryingSince !== null);
  return stages.slice(0, -1).map((stage, index) => {
    const next = stages[index + 1];
    if (isStuck(stage) || isStuck(next)) return 'blocked';
    if (snapshot.queue.mode === 'bypass' && (stage.name === 'queue' || next?.name === 'queue')) return 'off';
    const isHeld = (lamp: LampState | undefined) => lamp === 'paused' || lamp === 'off';
    return isHeld(stage.lamp) || isHeld(next?.lamp) ? 'off' : 'flow';
  });
}

/** Kind of a segment of the tank, from the bottom: five up to the warning limit, three up to the alarm, two above. */
export type TankSegment = 'level' | 'low' | 'crit';

const SEGMENTS: readonly TankSegment[] = [
  ...Array.from({ length: 5 }, () => 'level' as const),
  ...Array.from({ length: 3 }, () => 'low' as const),
  ...Array.from({ length: 2 }, () => 'crit' as const),
];
const DEPTH_WARNING = 100;
const DEPTH_ALARM = 500;
const DEPTH_STEP_LOW = DEPTH_WARNING / 5;
const DEPTH_STEP_HIGH = (DEPTH_ALARM - DEPTH_WARNING) / 3;

/** The ten segments of the tank from the bottom up; null is an empty one. An unknown depth shows an empty tank. */
export function tankSegments(depth: number | null): readonly (TankSegment | null)[] {
  const filled = depth === null ? 0 : filledSegments(depth);
  return SEGMENTS.map((segment, index) => (index < filled ? segment : null));
}

function filledSegments(depth: number): number {
  if (depth <= DEPTH_WARNING) return Math.ceil(depth / DEPTH_STEP_LOW);
  return Math.min(SEGMENTS.length, 5 + Math.ceil((depth - DEPTH_WARNING) / DEPTH_STEP_HIGH));
}
