/**
 * The page's only way out: two functions under `window.holdfast`. Calls resolve to an envelope, since Electron would carry
 * only the message of an error; listeners get the payload alone, never Electron's event.
 */
import { contextBridge, ipcRenderer } from 'electron';
import type { Envelope } from '../shared/error-code.ts';
import { BRIDGE_GLOBAL, CALL_CHANNEL, EVENT_CHANNEL } from '../shared/ipc-channel.ts';

const bridge = {
  call: (topic: string, args: unknown): Promise<Envelope<unknown>> =>
    // The main process answers every call with an envelope; this is the edge where its type is lost.
    ipcRenderer.invoke(CALL_CHANNEL, topic, args) as Promise<Envelope<unknown>>,

  /** Listens to an event; the returned function ends it. */
  on: (topic: string, listener: (payload: unknown) => void): (() => void) => {
    const hear = (_event: unknown, heard: unknown, payload: unknown): void => {
      if (heard === topic) listener(payload);
    };
    ipcRenderer.on(EVENT_CHANNEL, hear);
    return () => {
      ipcRenderer.off(EVENT_CHANNEL, hear);
    };
  },
};

contextBridge.exposeInMainWorld(BRIDGE_GLOBAL, bridge);
