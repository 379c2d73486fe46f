import type { Envelope } from '../../../shared/error-code.ts';
import { InvariantError, fromEnvelope, toEnvelope } from './errors.ts';

/** Operations that one thread offers to another. Arguments and results are structured-cloned. */
export type Operations = Record<string, (...args: never[]) => unknown>;

/** The part of a MessagePort or Worker that is used here. */
export interface MessageEnd {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

interface Call {
  readonly id: number;
  readonly operation: string;
  readonly args: readonly unknown[];
}
type Reply = { readonly id: number } & ({ readonly note: unknown } | { readonly result: Envelope<unknown> });

/**
 * Answers calls one after the other, in the order in which they come: an operation never sees another one half done.
 * @param operations may report progress with the `note` callback while they run
 */
export function serve(
  end: MessageEnd,
  operations: Readonly<Record<string, (args: readonly unknown[], note: (value: unknown) => void) => unknown>>,
): void {
  let previous: Promise<void> = Promise.resolve();
  end.on('message', (message) => {
    const call = message as Call;
    previous = previous.then(async () => {
      const note = (value: unknown): void => {
        end.postMessage({ id: call.id, note: value } satisfies Reply);
      };
      answer(end, call.id, await run(operations[call.operation], call, note));
    });
  });
}

/**
 * Answers calls with the operations of an object.
 * @param translate makes the error that crosses to the caller
 */
export function serveOperations<O>(
  end: MessageEnd,
  operations: { readonly [K in keyof O]: O[K] },
  translate: (error: unknown) => unknown,
): void {
  const handlers = operations as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  const translated = Object.entries(handlers).map(([name, handler]) => [
    name,
    (args: readonly unknown[]) => {
      try {
        return handler(...args);
      } catch (error) {
        throw translate(error);
      }
    },
  ]);
  serve(end, Object.fromEntries(translated) as Parameters<typeof serve>[1]);
}

/** A result that cannot be cloned must not leave the caller waiting, nor hold up the calls behind it. */
function answer(end: MessageEnd, id: number, result: Envelope<unknown>): void {
  try {
    end.postMessage({ id, result } satisfies Reply);
  } catch (error) {
    end.postMessage({ id, result: { ok: false, error: toEnvelope(error) } } satisfies Reply);
  }
}

async function run(
  operation: ((args: readonly unknown[], note: (value: unknown) => void) => unknown) | undefined,
  call: Call,
  note: (value: unknown) => void,
): Promise<Envelope<unknown>> {
  try {
    if (operation === undefined) throw new InvariantError(`no operation ${call.operation}`);
    return { ok: true, value: await operation(call.args, note) };
  } catch (error) {
    return { ok: false, error: toEnvelope(error) };
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onNote: ((value: unknown) => void) | null;
}

/** Calls operations on the other thread. Every open call is rejected when that thread ends. */
export class RpcClient<O extends Operations> {
  readonly #end: MessageEnd;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closed: Error | null = null;

  constructor(end: MessageEnd) {
    this.#end = end;
    end.on('message', (message) => {
      this.#receive(message as Reply);
    });
  }

  /** @param onNote gets what the operation reports while it runs */
  call<K extends keyof O & string>(
    operation: K,
    args: Parameters<O[K]>,
    onNote: ((value: unknown) => void) | null = null,
  ): Promise<Awaited<ReturnType<O[K]>>> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    const id = (this.#lastId += 1);
    return new Promise<unknown>((resolve, reject) => {
      this.#end.postMessage({ id, operation, args } satisfies Call);
      // After it was sent: what cannot be cloned is rejected at once and waits for nothing.
      this.#waiting.set(id, { resolve, reject, onNote });
    }) as Promise<Awaited<ReturnType<O[K]>>>;
  }

  /** Rejects every open and later call: the other thread is gone. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ('note' in reply) {
      waiting.onNote?.(reply.note);
      return;
    }
    this.#waiting.delete(reply.id);
    try {
      waiting.resolve(fromEnvelope(reply.result));
    } catch (error) {
      waiting.reject(error);
    }
  }
}
