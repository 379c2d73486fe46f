/** What is done to the system, when, and in which order: all of it follows from the seed. */
import { SeededRandom } from '../../../bench/transcripts/random.ts';

interface Kind {
  /** How often it is drawn, relative to the others. */
  readonly weight: number;
  /** Processes that it kills. */
  readonly kills: number;
  /** How often the harness waits for recording to go on before the next fault, 0…1. */
  readonly settles: number;
}

const KINDS = {
  app: { weight: 600, kills: 1, settles: 0.12 },
  redis: { weight: 160, kills: 1, settles: 0.3 },
  both: { weight: 120, kills: 2, settles: 0.25 },
  'stop-redis': { weight: 20, kills: 0, settles: 1 },
  'stop-app': { weight: 20, kills: 0, settles: 1 },
  'hang-redis': { weight: 1, kills: 0, settles: 1 },
  'aof-cut': { weight: 20, kills: 2, settles: 0.5 },
  'aof-garbage': { weight: 20, kills: 2, settles: 0.5 },
  'aof-flip': { weight: 20, kills: 2, settles: 0.5 },
  'aof-wipe': { weight: 15, kills: 2, settles: 0.5 },
  'aof-manifest': { weight: 15, kills: 2, settles: 0.5 },
  'stream-trim': { weight: 12, kills: 0, settles: 0.5 },
  'group-destroy': { weight: 12, kills: 0, settles: 0.5 },
  flushall: { weight: 12, kills: 0, settles: 0.5 },
} as const satisfies Readonly<Record<string, Kind>>;

export type FaultKind = keyof typeof KINDS;
export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

/** Whose Redis it is: started by Holdfast, or named to it. */
export const QUEUES = ['own', 'named'] as const;
export type Queue = (typeof QUEUES)[number];

/** When a fault happens: so long after Holdfast was started, or after it had said that it records. */
export interface Moment {
  readonly after: 'start' | 'recording';
  readonly delayMs: number;
}

export interface Fault {
  readonly kind: FaultKind;
  readonly moment: Moment;
  /** Wait until recording is proved to go on before the next one. */
  readonly settles: boolean;
  /** 0 ≤ x < 1: where in a file, how long, how much. */
  readonly draw: number;
}

/** Only what kills Holdfast itself is worth doing while it still starts. */
const KILLS_THE_APP: ReadonlySet<FaultKind> = new Set(['app', 'both']);
const START_KILL_SHARE = 0.5;
const START_KILL_FIRST_MS = 100;
const START_KILL_SPREAD_MS = 500;
const RECORDING_SPREAD_MS = 400;

/** @throws Error with a sentence, when a name is unknown */
export function parseFaultKinds(text: string): readonly FaultKind[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !FAULT_KINDS.some((kind) => kind === name));
  if (unknown.length > 0) {
    throw new Error(`There is no fault "${unknown.join('", "')}". The faults are: ${FAULT_KINDS.join(', ')}.`);
  }
  return FAULT_KINDS.filter((kind) => names.includes(kind));
}

/** The own server has nobody who may empty it; and the files of a server that is somebody else's are not Holdfast's care. */
export function kindsFor(queue: Queue, kinds: readonly FaultKind[]): readonly FaultKind[] {
  return kinds.filter((kind) =>
    queue === 'own' ? kind !== 'flushall' : !kind.startsWith('aof-') && kind !== 'hang-redis',
  );
}

export function killsOf(kind: FaultKind): number {
  return KINDS[kind].kills;
}

/**
 * Faults without an end; without one that kills, each kind once. Stop when enough were carried out.
 * @param options.eachOnce begin with one of each kind, so that a short run has all of them
 */
export function* planFaults(options: {
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly eachOnce: boolean;
}): Generator<Fault, void, undefined> {
  const { seed, kinds, eachOnce } = options;
  const random = new SeededRandom(seed);
  const canKill = kinds.some((kind) => killsOf(kind) > 0);
  if (eachOnce || !canKill) yield* shuffled(kinds, random).map((kind) => faultOf(kind, random));
  while (canKill) yield faultOf(drawKind(kinds, random), random);
}

function faultOf(kind: FaultKind, random: SeededRandom): Fault {
  const atStart = KILLS_THE_APP.has(kind) && random.next() < START_KILL_SHARE;
  const moment: Moment = atStart
    ? { after: 'start', delayMs: START_KILL_FIRST_MS + random.int(START_KILL_SPREAD_MS) }
    : { after: 'recording', delayMs: random.int(RECORDING_SPREAD_MS) };
  return { kind, moment, settles: random.next() < KINDS[kind].settles, draw: random.next() };
}

function drawKind(kinds: readonly FaultKind[], random: SeededRandom): FaultKind {
  let left = random.next() * kinds.reduce((sum, kind) => sum + KINDS[kind].weight, 0);
  for (const kind of kinds) {
    left -= KINDS[kind].weight;
    if (left < 0) return kind;
  }
  return random.pick(kinds);
}

function shuffled<T>(items: readonly T[], random: SeededRandom): readonly T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
