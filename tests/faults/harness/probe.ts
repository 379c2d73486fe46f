/** Proves that recording goes on: a line written after a fault, until a search finds it. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../../../bench/transcripts/random.ts';
import { composeExchange, tokenOf } from './exchange-lines.ts';
import type { FaultInjector } from './fault-injector.ts';
import type { Journal } from './journal.ts';
import { Transcript } from './transcript.ts';

const SAVED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 20;
const SEED = 7;

export class Probe {
  readonly #random = new SeededRandom(SEED);
  readonly #sessionId = this.#random.uuid();
  readonly #transcript: Transcript;
  #lastId: string | null = null;

  constructor(journal: Journal, projects: string) {
    const file = path.join(projects, '-home-ana-probe', `${this.#sessionId}.jsonl`);
    this.#transcript = new Transcript(journal, file, Buffer.alloc(0));
  }

  /** @param since monotonic ms @returns how long it took from then, in ms */
  async untilFound(injector: FaultInjector, since: number): Promise<number> {
    const shape = { sessionId: this.#sessionId, agentId: null, cwd: '/home/ana/probe' };
    const { lines, lastId, id } = composeExchange(this.#random, shape, this.#lastId);
    this.#lastId = lastId;
    this.#transcript.append(Buffer.concat(lines));
    this.#transcript.sync();
    const recorder = await injector.running();
    while (!(await recorder.finds(tokenOf(id)))) {
      if (performance.now() - since > SAVED_WITHIN_MS) {
        throw new Error(`What was written after the fault was not saved within ${String(SAVED_WITHIN_MS / 1000)} s.`);
      }
      await sleep(LOOK_EVERY_MS);
    }
    return performance.now() - since;
  }
}
