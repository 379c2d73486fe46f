/** The only user of `ipcMain`: one channel for all calls, so that nothing can be registered without its checks. */
import { ipcMain } from 'electron';
import { CALL_CHANNEL } from '../../shared/ipc-channel.ts';
import type { CallGate } from './call-gate.ts';

/** Answers the calls of the page until disposed. */
export function listenToCalls(gate: CallGate): Disposable {
  ipcMain.handle(CALL_CHANNEL, (event, topic: unknown, args: unknown) => gate.answer(event, topic, args));
  return {
    [Symbol.dispose]: () => {
      ipcMain.removeHandler(CALL_CHANNEL);
    },
  };
}
