/** Carries out one fault after the other on a Holdfast that it keeps running. Signals only processes that it knows to be its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../support/child-process.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { EpochPlace } from './epoch-place.ts';
import type { Fault } from './fault-plan.ts';
import { damageOf, harmStream } from './queue-damage.ts';
import type { QueueServer } from './queue-server.ts';
import { RecorderProcess } from './recorder-process.ts';

export interface Injected {
  /** Monotonic ms: from here on it is Holdfast's turn. */
  readonly at: number;
  readonly kills: number;
}

const STOPPED_MS = 300;
const STOPPED_SPREAD_MS = 700;
/** After several kills in one life of Holdfast its Redis comes back only after a while. */
const REDIS_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 25;
const HANG_NOTICED_WITHIN_MS = 60_000;

export class FaultInjector {
  readonly #place: EpochPlace;
  readonly #server: QueueServer;
  readonly #environment: Readonly<Record<string, string>>;
  #recorder: RecorderProcess | null = null;

  /** @param environment of Holdfast, without what tells it of the server */
  constructor(place: EpochPlace, server: QueueServer, environment: Readonly<Record<string, string>>) {
    this.#place = place;
    this.#server = server;
    this.#environment = { ...environment, ...server.environment };
  }

  /** The Holdfast that runs, started if need be. @throws Error when it has ended by itself */
  running(): Promise<RecorderProcess> {
    this.#recorder ??= RecorderProcess.start(this.#place, this.#environment);
    if (this.#recorder.hasExited) return Promise.reject(new Error('Holdfast has ended without being told to.'));
    return Promise.resolve(this.#recorder);
  }

  /** @returns null when what it is about was not there; Holdfast runs, or is starting, afterwards */
  async inject(fault: Fault): Promise<Injected | null> {
    const recorder = await this.running();
    const { after, delayMs } = fault.moment;
    const from = after === 'start' ? recorder.startedAt : await recorder.recording;
    await sleep(Math.max(0, from + delayMs - performance.now()));
    // From saying so to a place in time: with many faults on one Holdfast the moment is long past.
    if (after === 'recording' && performance.now() - from > 2 * delayMs) await sleep(delayMs);
    return this.#carryOut(fault, await this.running());
  }

  /** For an end in disorder: nothing of ours stays behind. */
  async killAll(): Promise<void> {
    await this.#recorder?.kill();
    await this.#server.end();
  }

  async #carryOut(fault: Fault, recorder: RecorderProcess): Promise<Injected | null> {
    const damage = damageOf(fault.kind);
    if (damage !== null) return this.#damage(fault, recorder, damage);
    switch (fault.kind) {
      case 'app':
        return this.#restarted(recorder, 1);
      case 'redis':
        if (!(await this.#killRedis())) return null;
        this.#server.revive();
        return { at: performance.now(), kills: 1 };
      case 'both': {
        const redis = await this.#server.pid();
        recorder.signal('SIGKILL');
        if (redis === null) return this.#restarted(recorder, 1);
        process.kill(redis, 'SIGKILL');
        await this.#untilGone(redis);
        this.#server.revive();
        return this.#restarted(recorder, 2);
      }
      case 'stop-redis':
        return this.#stopRedis();
      case 'stop-app':
        recorder.signal('SIGSTOP');
        await sleep(STOPPED_MS + fault.draw * STOPPED_SPREAD_MS);
        recorder.signal('SIGCONT');
        return { at: performance.now(), kills: 0 };
      case 'hang-redis':
        return this.#hangRedis();
      default: {
        const address = await this.#server.address();
        const isDone = address !== null && (await harmStream(fault.kind, address));
        return isDone ? { at: performance.now(), kills: 0 } : null;
      }
    }
  }

  /** Kills it for certain and starts the next at once. */
  async #restarted(recorder: RecorderProcess, kills: number): Promise<Injected> {
    await recorder.kill();
    const at = performance.now();
    this.#recorder = null;
    await this.running();
    return { at, kills };
  }

  async #killRedis(): Promise<boolean> {
    const pid = await this.#liveRedis();
    if (pid === null) return false;
    process.kill(pid, 'SIGKILL');
    await this.#untilGone(pid);
    return true;
  }

  async #untilGone(pid: number): Promise<void> {
    await waitUntil(
      () => this.#server.pid(),
      (seen) => seen !== pid,
      'the end of a killed Redis',
    );
  }

  /** Both are killed and the files damaged before the next start; or only Redis, and they are while Holdfast waits with its restart. */
  async #damage(
    fault: Fault,
    recorder: RecorderProcess,
    damage: (home: string, draw: number) => void,
  ): Promise<Injected | null> {
    if (!(await this.#killRedis())) return null;
    if (fault.draw < 0.5) {
      damage(this.#place.home, fault.draw * 2);
      return { at: performance.now(), kills: 1 };
    }
    await recorder.kill();
    damage(this.#place.home, fault.draw * 2 - 1);
    return this.#restarted(recorder, 2);
  }

  async #stopRedis(): Promise<Injected | null> {
    const pid = await this.#liveRedis();
    if (pid === null) return null;
    process.kill(pid, 'SIGSTOP');
    await sleep(STOPPED_MS);
    if ((await this.#server.pid()) === pid) process.kill(pid, 'SIGCONT');
    return { at: performance.now(), kills: 0 };
  }

  async #hangRedis(): Promise<Injected | null> {
    const pid = await this.#liveRedis();
    if (pid === null) return null;
    const at = performance.now();
    process.kill(pid, 'SIGSTOP');
    await waitUntil(
      () => isAlive(pid),
      (alive) => !alive,
      'the end of a hung Redis',
      HANG_NOTICED_WITHIN_MS,
    );
    return { at, kills: 0 };
  }

  /** Waits a little, because the one before may have been killed a moment ago. */
  async #liveRedis(): Promise<number | null> {
    const until = performance.now() + REDIS_WITHIN_MS;
    for (;;) {
      const pid = await this.#server.pid();
      if (pid !== null || performance.now() > until) return pid;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
