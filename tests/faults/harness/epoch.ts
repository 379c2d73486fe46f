/** One epoch: an empty home, writers, faults; then calm, and a comparison of everything. */
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { EpochPlace } from './epoch-place.ts';
import type { FaultKind } from './fault-plan.ts';
import { nemesisMessage, type NemesisMessage } from './nemesis-message.ts';
import { verdict, type Verdict } from './verdict.ts';

export interface EpochOptions {
  readonly root: string;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly kills: number;
  readonly eachOnce: boolean;
  readonly writers: number;
  readonly paceMs: number;
  readonly mostMs: number;
  readonly onFault: (fault: Extract<NemesisMessage, { event: 'fault' }>) => void;
}

export interface EpochResult extends Verdict {
  /** What was done to the transcripts. */
  readonly deeds: Readonly<Record<string, number>>;
}

const DRAINED_WITHIN_MS = 60_000;
const WRITERS_END_WITHIN_MS = 150_000;
const NEMESIS_CALM_WITHIN_MS = 200_000;
const ENDED_WITHIN_MS = 30_000;

export async function runEpoch(options: EpochOptions): Promise<EpochResult> {
  const place = new EpochPlace(options.root);
  place.make();
  const { root, seed, writers, paceMs, kinds, kills, eachOnce, mostMs } = options;
  using writer = new Part(place, 'writer', { root, seed, writers, paceMs });
  using nemesis = new Part(place, 'nemesis', {
    root,
    seed,
    kinds: kinds.join(','),
    kills,
    eachOnce,
    mostMs,
    ours: [process.pid],
  });
  nemesis.onMessage((message) => {
    const told = nemesisMessage.parse(message);
    if (told.event === 'fault') options.onFault(told);
  });
  await nemesis.until((message) => nemesisMessage.parse(message).event === 'planDone', mostMs + NEMESIS_CALM_WITHIN_MS, writer);
  writer.tell('finish');
  const deeds = z.record(z.string(), z.number()).parse(await writer.until(() => true, WRITERS_END_WITHIN_MS));
  const drained = await judged(place, 'drain');
  nemesis.tell('end');
  const ended = nemesisMessage.parse(
    await nemesis.until((message) => nemesisMessage.parse(message).event === 'ended', ENDED_WITHIN_MS),
  );
  const final = await judged(place, 'final');
  const problems = ended.event === 'ended' ? ended.problems : [];
  return {
    exchanges: final.exchanges,
    lost: union(drained.lost, final.lost),
    duplicated: union(drained.duplicated, final.duplicated),
    wrong: union(drained.wrong, final.wrong, problems),
    deeds,
  };
}

async function judged(place: EpochPlace, phase: 'drain' | 'final'): Promise<Verdict> {
  const withinMs = phase === 'drain' ? DRAINED_WITHIN_MS : 0;
  using oracle = new Part(place, 'oracle', { root: place.root, phase, withinMs });
  return verdict.parse(await oracle.until(() => true, 2 * DRAINED_WITHIN_MS));
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}

/** A process of the harness. Ended with its scope, whatever it does. */
class Part implements Disposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #messages: unknown[] = [];

  constructor(place: EpochPlace, name: string, options: Readonly<Record<string, unknown>>) {
    this.#name = name;
    const log = openSync(path.join(place.logs, `${name}.log`), 'a');
    this.#child = fork(path.join(import.meta.dirname, `${name}.ts`), [JSON.stringify(options)], {
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#child.on('message', (message) => this.#messages.push(message));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on('message', listener);
  }

  tell(word: string): void {
    this.#child.send(word);
  }

  /** The first message that is wanted. Rejects when this part, or another that is needed, ends before, or the time is up. */
  until(isWanted: (message: unknown) => boolean, withinMs: number, ...others: readonly Part[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`${this.#name} said nothing within ${String(withinMs / 1000)} s`));
      }, withinMs);
      const listen = (message: unknown): void => {
        if (!isWanted(message)) return;
        clearTimeout(late);
        resolve(message);
      };
      this.#messages.forEach(listen);
      this.#child.on('message', listen);
      for (const part of [this, ...others]) {
        part.#child.once('exit', (code) => {
          clearTimeout(late);
          reject(new Error(`${part.#name} ended with ${String(code)} before its time; see its log`));
        });
      }
    });
  }

  [Symbol.dispose](): void {
    // Its end is the end of its channel: a nemesis takes its Holdfast with it.
    if (this.#child.connected) this.#child.disconnect();
  }
}
