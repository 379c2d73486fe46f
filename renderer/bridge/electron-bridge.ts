import type { Envelope } from '../../shared/error-code.ts';
import type { ArgsOf, Bridge, EventTopic, Events, ResultOf, Topic } from '../../shared/ipc.ts';
import { BRIDGE_GLOBAL } from '../../shared/ipc-channel.ts';
import { unwrap } from './call-error.ts';

/** What the preload puts on the page: calls answer with envelopes, because Electron carries only an error's message. */
export interface PreloadBridge {
  call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<Envelope<ResultOf<T>>>;
  on<E extends EventTopic>(topic: E, listener: (payload: Events[E]) => void): () => void;
}

/** The bridge of a window inside Electron. Envelopes become values or errors with a `code`. */
export class ElectronBridge implements Bridge {
  readonly #preload: PreloadBridge;

  constructor(preload: PreloadBridge) {
    this.#preload = preload;
  }

  async call<T extends Topic>(topic: T, args: ArgsOf<T>): Promise<ResultOf<T>> {
    return unwrap(await this.#preload.call(topic, args));
  }

  on<E extends EventTopic>(topic: E, listener: (payload: Events[E]) => void): () => void {
    return this.#preload.on(topic, listener);
  }
}

/** The preload's object on `page`, or null where the page is not in Electron. */
export function preloadBridgeOf(page: object): PreloadBridge | null {
  const offered: unknown = Reflect.get(page, BRIDGE_GLOBAL);
  if (typeof offered !== 'object' || offered === null) return null;
  return offered as PreloadBridge;
}
