import type { InjectionKey } from 'vue';
import { inject } from 'vue';
import type { Bridge } from '../../shared/ipc.ts';

/** What the page was opened with. `isDesktop`: inside Electron, where the system's file manager can be asked. */
export interface Connection {
  readonly bridge: Bridge;
  readonly isDesktop: boolean;
}

export const CONNECTION: InjectionKey<Connection> = Symbol('connection');

/** The way to the engine. Only composables use it; components get view models. */
export function useConnection(): Connection {
  const connection = inject(CONNECTION);
  if (connection === undefined) throw new Error('The page was mounted without a connection.');
  return connection;
}
