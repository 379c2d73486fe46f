/**
 * Steps between a read and its acknowledgement at which a test may end the process. Each is announced on a diagnostics
 * channel, to which only a test listens, from a module of its own that it loads beside the entry. The build leaves all of it
 * out, names and all.
 */
import { channel } from 'node:diagnostics_channel';

export const FAILPOINTS = [
  'after-read',
  'after-archive-write',
  'after-archive-sync',
  'after-xadd',
  'after-xreadgroup',
  'in-transaction',
  'after-commit',
  'before-xack',
  'after-xack',
  'in-trim',
  'in-migration',
  'in-backup',
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

export const FAILPOINT_CHANNEL = 'holdfast:failpoint';

const reached = /* @__PURE__ */ channel(FAILPOINT_CHANNEL);

/** Says that a step was reached. Does nothing else, and returns unless a listener ends the process. */
export function failpoint(name: Failpoint): void {
  reached.publish(name);
}
