/** Carries out one fault after the other on a Holdfast that it keeps running. Signals only processes that it knows to be its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../support/child-process.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { EpochPlace } from './epoch-place.ts';
import type { Fault } from './fault-plan.ts';
import { damageOf, harmStream, ownServer } from './queue-damage.ts';
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
  readonly #environment: Readonly<Record<string, string>>;
  #recorder: RecorderProcess | null = null;

  constructor(place: EpochPlace, environment: Readonly<Record<string, string>>) {
    this.#place = place;
    this.#environment = environment;
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
    const redis = (await this.#recorder?.redisPid().catch(() => null)) ?? null;
    await this.#recorder?.kill();
    if (redis !== null && isAlive(redis)) process.kill(redis, 'SIGKILL');
  }

  async #carryOut(fault: Fault, recorder: RecorderProcess): Promise<Injected | null> {
    const damage = damageOf(fault.kind);
    if (damage !== null) return this.#damage(fault, recorder, damage);
    switch (fault.kind) {
      case 'app':
        return this.#restarted(recorder, 1);
      case 'redis':
        return (await this.#killRedis(recorder)) ? { at: performance.now(), kills: 1 } : null;
      case 'both': {
        const redis = await recorder.redisPid();
        recorder.signal('SIGKILL');
        if (redis !== null) process.kill(redis, 'SIGKILL');
        return this.#restarted(recorder, redis === null ? 1 : 2);
      }
      case 'stop-redis':
        return this.#stopRedis(recorder);
      case 'stop-app':
        recorder.signal('SIGSTOP');
        await sleep(STOPPED_MS + fault.draw * STOPPED_SPREAD_MS);
        recorder.signal('SIGCONT');
        return { at: performance.now(), kills: 0 };
      case 'hang-redis':
        return this.#hangRedis(recorder);
      default:
        return (await harmStream(fault.kind, await ownServer(this.#place.home)))
          ? { at: performance.now(), kills: 0 }
          : null;
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

  async #killRedis(recorder: RecorderProcess): Promise<boolean> {
    const pid = await this.#liveRedis(recorder);
    if (pid === null) return false;
    process.kill(pid, 'SIGKILL');
    await waitUntil(
      () => recorder.redisPid(),
      (seen) => seen !== pid,
      'the end of a killed Redis',
    );
    return true;
  }

  /** Both are killed and the files damaged before the next start; or only Redis, and they are while Holdfast waits with its restart. */
  async #damage(
    fault: Fault,
    recorder: RecorderProcess,
    damage: (home: string, draw: number) => void,
  ): Promise<Injected | null> {
    if (!(await this.#killRedis(recorder))) return null;
    if (fault.draw < 0.5) {
      damage(this.#place.home, fault.draw * 2);
      return { at: performance.now(), kills: 1 };
    }
    await recorder.kill();
    damage(this.#place.home, fault.draw * 2 - 1);
    return this.#restarted(recorder, 2);
  }

  async #stopRedis(recorder: RecorderProcess): Promise<Injected | null> {
    const pid = await this.#liveRedis(recorder);
    if (pid === null) return null;
    process.kill(pid, 'SIGSTOP');
    await sleep(STOPPED_MS);
    if (await this.#is(recorder, pid)) process.kill(pid, 'SIGCONT');
    return { at: performance.now(), kills: 0 };
  }

  async #hangRedis(recorder: RecorderProcess): Promise<Injected | null> {
    const pid = await this.#liveRedis(recorder);
    if (pid === null) return null;
    const at = performance.now();
    process.kill(pid, 'SIGSTOP');
    await waitUntil(() => isAlive(pid), (alive) => !alive, 'the end of a hung Redis', HANG_NOTICED_WITHIN_MS);
    return { at, kills: 0 };
  }

  async #is(recorder: RecorderProcess, pid: number): Promise<boolean> {
    return (await recorder.redisPid()) === pid;
  }

  /** Waits a little, because the one before may have been killed a moment ago. */
  async #liveRedis(recorder: RecorderProcess): Promise<number | null> {
    const until = performance.now() + REDIS_WITHIN_MS;
    for (;;) {
      const pid = await recorder.redisPid();
      if (pid !== null || performance.now() > until) return pid;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
