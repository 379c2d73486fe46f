/** What stands in for the modules at the outside of the recorder: the process of Redis and its connection, the thread of the store. */
import type { RedisState } from '../../electron/engine/redis/redis-state.ts';
import type { RedisSupervisor } from '../../electron/engine/redis/redis-supervisor.ts';
import type { StoreThread } from '../../electron/engine/store-thread.ts';
import type { Operations } from '../../electron/engine/core/rpc.ts';
import { theMachine } from './machine.ts';

type SupervisorPart = Pick<RedisSupervisor, 'name' | 'state' | 'onState' | 'start' | 'stop'>;
type ThreadPart<O extends Operations> = Pick<StoreThread<O>, 'isEnded' | 'call' | 'close'>;

class ModelSupervisor implements SupervisorPart {
  readonly name = 'redis';

  get state(): RedisState {
    return theMachine().redisState;
  }

  onState(listener: (state: RedisState) => void): Disposable {
    return theMachine().states.on(listener);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

class ModelThread<O extends Operations> implements ThreadPart<O> {
  readonly isEnded = false;

  static start<O extends Operations>(): Promise<ModelThread<O>> {
    return theMachine().io.take(() => new ModelThread<O>());
  }

  /** The answer comes later than what it answers for: a program may die between the two. */
  async call<K extends keyof O & string>(operation: K, ...args: Parameters<O[K]>): Promise<Awaited<ReturnType<O[K]>>> {
    const { io, store, storeLane } = theMachine();
    const result = await io.take(() => store.run(operation, args), storeLane);
    return await io.take(() => result as Awaited<ReturnType<O[K]>>, storeLane);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const supervisorModule = { RedisSupervisor: ModelSupervisor };
export const threadModule = { StoreThread: ModelThread };
export const clientModule = { connectRedis: () => theMachine().connect() };
