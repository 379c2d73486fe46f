/** Names that preload and main process share. Apart from the contract, so that the preload does not carry its schemas. */

/** Name under which the preload offers the bridge to the page. */
export const BRIDGE_GLOBAL = 'holdfast';
/** Electron channel of calls: topic and arguments in, an envelope out. */
export const CALL_CHANNEL = 'holdfast:call';
/** Electron channel of events: topic and payload. */
export const EVENT_CHANNEL = 'holdfast:event';
