/**
 * A computer in memory: disk, Redis, database, clocks, and the program that runs on it, which is the product's recorder
 * with nothing replaced inside. What is replaced is the outside: `node:fs`, the connection to Redis, the supervisor of its
 * process, and the thread of the store.
 */
import { ManualClock } from '../../electron/engine/core/test-support/manual-clock.ts';
import type { Clock } from '../../electron/engine/core/clock.ts';
import { Emitter } from '../../electron/engine/core/emitter.ts';
import { InvariantError, StreamError } from '../../electron/engine/core/errors.ts';
import type { RedisState } from '../../electron/engine/redis/redis-state.ts';
import { decodeSegment } from '../../electron/engine/stream/segment-codec.ts';
import type { Dice } from './dice.ts';
import { IoSteps, settled } from './io-steps.ts';
import { MemoryConnection } from './memory-connection.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryFiles } from './memory-files.ts';
import { MemoryRedis } from './memory-redis.ts';
import { ModelStore, segmentName } from './model-store.ts';

export const HOME = '/home/ana/.local/share/holdfast';
export const ARCHIVE = `${HOME}/archive`;
export const AGENT_ROOT = '/home/ana/.claude';

const STARTED_AT = Date.UTC(2026, 10, 20, 9);

/** What runs on the machine. */
export interface Program {
  start(): Promise<void>;
  /** Something happened at that path. */
  notice(path: string): void;
}

export type RedisCondition = 'ready' | 'restarting' | 'failed';

export class Machine implements Disposable {
  readonly io = new IoSteps();
  /** The thread of the store does one thing after the other. */
  readonly storeLane = {};
  readonly disk: MemoryDisk;
  readonly redis: MemoryRedis;
  readonly store: ModelStore;
  readonly files: MemoryFiles;
  /** Heard by the program that runs; a dead one hears nothing. */
  states = new Emitter<RedisState>();
  /** Acknowledged although the store had not answered for it. */
  readonly ackedTooEarly: string[] = [];
  /** Archived files that a power cut has left with other bytes than were written. */
  readonly torn = new Set<string>();
  readonly #newProgram: (clock: Clock) => Program;
  readonly #connections = new Set<MemoryConnection>();
  #time = STARTED_AT;
  #wallOffset = 0;
  #clock: ManualClock;
  #program: Program | null = null;
  #startFailure: unknown = null;
  #redis: RedisCondition = 'ready';
  #runs = 1;

  constructor(template: Buffer, newProgram: (clock: Clock) => Program) {
    this.#newProgram = newProgram;
    this.#clock = new ManualClock(this.#time);
    this.disk = new MemoryDisk(() => this.wallMs);
    this.files = new MemoryFiles(this.disk, this.io);
    this.redis = new MemoryRedis(() => this.#time);
    this.store = new ModelStore(template, ARCHIVE, () => this.wallMs);
    this.redis.onAcknowledged = ({ id, fields }) => {
      const segment = decodeSegment(fields);
      if (segment !== null && !this.store.handled.has(segmentName(segment))) this.ackedTooEarly.push(String(id));
    };
    this.disk.makeFolders(`${AGENT_ROOT}/projects`);
    this.disk.makeFolders(HOME);
    this.disk.syncAll('/home/ana');
  }

  get wallMs(): number {
    return this.#time + this.#wallOffset;
  }

  /** Why the program could not be started, if so. */
  get startFailure(): unknown {
    return this.#startFailure;
  }

  get redisState(): RedisState {
    const runId = String(this.#runs);
    const endpoint = { kind: 'socket', path: '/r.sock', username: null, password: null, database: 0 } as const;
    if (this.#redis === 'ready') {
      return { kind: 'ready', endpoint, runId, version: '7.2.0', origin: 'bundled', adopted: false };
    }
    return this.#redis === 'failed'
      ? { kind: 'failed', reason: 'it does not start' }
      : { kind: 'restarting', attempt: 1, reason: 'it was killed' };
  }

  boot(): void {
    this.#clock = new ManualClock(this.#time);
    this.store.restart();
    const clock = this.#clock;
    const program = this.#newProgram({
      now: () => clock.now() + this.#wallOffset,
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      every: (ms, task) => clock.every(ms, task),
    });
    this.#program = program;
    this.#startFailure = null;
    program.start().catch((error: unknown) => {
      if (this.#program === program) this.#startFailure = error;
    });
  }

  /** Some of what it had asked for may still happen; the answers reach nobody. */
  async killProgram(dice: Dice): Promise<void> {
    const inSave = dice.roll(2) === 0;
    if (inSave) this.store.fuse = dice.roll(4);
    for (let more = dice.roll(3); more > 0; more -= 1) await this.io.step(dice.roll(1000));
    this.io.abandon();
    this.states = new Emitter();
    this.#connections.clear();
    this.#program = null;
    this.redis.crash(0);
    await settled();
    this.io.abandon();
  }

  async cutPower(dice: Dice): Promise<void> {
    await this.killProgram(dice);
    this.disk.syncAll(AGENT_ROOT);
    const before = this.disk.filesBelow(ARCHIVE, 'seen');
    this.disk.cutPower(dice);
    for (const [path, bytes] of this.disk.filesBelow(ARCHIVE, 'seen')) {
      if (before.get(path)?.subarray(0, bytes.length).equals(bytes) !== true) this.torn.add(path);
    }
    this.redis.crash(dice.roll(8));
    this.#runs += 1;
    this.#redis = 'ready';
  }

  notice(path: string): void {
    this.#program?.notice(path);
  }

  advance(ms: number): void {
    this.#time += ms;
    this.#clock.advance(ms);
  }

  jumpClock(ms: number): void {
    this.#wallOffset += ms;
  }

  connect(): Promise<MemoryConnection> {
    return this.io.take(() => {
      if (this.#redis !== 'ready') throw new StreamError('STREAM_UNAVAILABLE', 'nobody listens', { retryable: true });
      const connection = new MemoryConnection({ server: this.redis, io: this.io, clock: this.#clock });
      this.#connections.add(connection);
      return connection;
    });
  }

  cutLinks(isSent: boolean): void {
    for (const connection of this.#connections) connection.cut(isSent);
    this.#connections.clear();
  }

  setRedis(condition: RedisCondition, lostWrites = 0): void {
    if (condition === this.#redis) return;
    if (this.#redis === 'ready') {
      this.cutLinks(false);
      this.redis.crash(lostWrites);
    }
    if (condition === 'ready') this.#runs += 1;
    this.#redis = condition;
    this.states.emit(this.redisState);
  }

  [Symbol.dispose](): void {
    this.io.abandon();
    this.store[Symbol.dispose]();
  }
}

/** `node:fs` is the same for everybody who imports it, so there is one machine at a time, and it is found here. */
export const stage: { machine: Machine | null } = { machine: null };

export function theMachine(): Machine {
  if (stage.machine === null) throw new InvariantError('no machine is set up');
  return stage.machine;
}
