import { APP_ORIGIN } from './protocol.ts';

/** What is looked at of Electron's IPC event. */
export interface CallEvent {
  readonly sender: { readonly id: number };
  /** Null when the frame has gone since; reading it may throw for the same reason. */
  readonly senderFrame: { readonly origin: string; readonly parent: unknown } | null;
}

/** The pages that may call: those of our window factory, in their top frame, while they show our own content. */
export class TrustedSenders {
  readonly #ids = new Set<number>();

  /** Trusts a `webContents` id until the returned disposable is disposed. */
  add(id: number): Disposable {
    this.#ids.add(id);
    return {
      [Symbol.dispose]: () => {
        this.#ids.delete(id);
      },
    };
  }

  trusts(event: CallEvent): boolean {
    if (!this.#ids.has(event.sender.id)) return false;
    try {
      const frame = event.senderFrame;
      return frame !== null && frame.parent === null && frame.origin === APP_ORIGIN;
    } catch {
      // Electron throws when the frame was disposed between the call and this look at it: nobody is left to answer.
      return false;
    }
  }
}
