/** One epoch: an empty home, writers, faults; then calm, and a comparison of everything. */
import { z } from 'zod';
import { EpochPlace } from './epoch-place.ts';
import { kindsFor, type FaultKind, type Queue } from './fault-plan.ts';
import { endedMessage, faultMessage, planDoneMessage, type FaultMessage } from './nemesis-message.ts';
import { Part } from './part.ts';
import type { ServerAddress } from './server-address.ts';
import { verdict, type Verdict } from './verdict.ts';

export interface EpochOptions {
  readonly root: string;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly kills: number;
  readonly eachOnce: boolean;
  readonly queue: Queue;
  readonly writers: number;
  /** Mean pause of a writer between two steps. */
  readonly paceMs: number;
  /** No more faults after so long. */
  readonly mostMs: number;
  readonly onFault: (fault: FaultMessage) => void;
}

export interface EpochResult extends Verdict {
  /** What was done to the transcripts. */
  readonly deeds: Readonly<Record<string, number>>;
}

const DRAINED_WITHIN_MS = 60_000;
const JUDGED_WITHIN_MS = 180_000;
const WRITERS_END_WITHIN_MS = 150_000;
/** The last fault may be one that takes long to recover from. */
const CALM_WITHIN_MS = 200_000;
const ENDED_WITHIN_MS = 30_000;

/** Rejects when a part of the harness fails, Holdfast ends by itself, or something does not come to an end. */
export async function runEpoch(options: EpochOptions): Promise<EpochResult> {
  const { root, seed, kinds, kills, eachOnce, queue, writers, paceMs, mostMs } = options;
  const place = new EpochPlace(root);
  place.make();
  using writer = new Part(place, 'writer', { root, seed, writers, paceMs });
  const plan = { seed, kinds: kindsFor(queue, kinds).join(','), kills, eachOnce, queue, mostMs };
  using nemesis = new Part(place, 'nemesis', { root, ...plan, ours: [process.pid] });
  nemesis.onMessage((message) => {
    const fault = faultMessage.safeParse(message);
    if (fault.success) options.onFault(fault.data);
  });
  const { server } = await nemesis.until(planDoneMessage, mostMs + CALM_WITHIN_MS, writer);
  writer.tell('finish');
  const deeds = await writer.until(z.record(z.string(), z.number()), WRITERS_END_WITHIN_MS, nemesis);
  const drained = await judged(place, server);
  nemesis.tell('end');
  const { problems } = await nemesis.until(endedMessage, ENDED_WITHIN_MS);
  const final = await judged(place, null);
  return {
    exchanges: final.exchanges,
    lost: union(drained.lost, final.lost),
    duplicated: union(drained.duplicated, final.duplicated),
    wrong: union(drained.wrong, final.wrong, problems),
    deeds,
  };
}

/** @param server null: Holdfast has ended */
async function judged(place: EpochPlace, server: ServerAddress | null): Promise<Verdict> {
  const withinMs = server === null ? 0 : DRAINED_WITHIN_MS;
  using oracle = new Part(place, 'oracle', { root: place.root, withinMs, server });
  // Awaited here: the scope ends the process.
  return await oracle.until(verdict, JUDGED_WITHIN_MS);
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}
