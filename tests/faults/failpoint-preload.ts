/**
 * Loaded beside an entry with `--import`, in its main thread and in its workers. `HOLDFAST_FAILPOINT=<name>:<n>` ends the
 * process with SIGKILL when that step is reached for the n-th time; each such end adds a line to `HOLDFAST_FAILPOINT_HITS`.
 */
import { appendFileSync } from 'node:fs';
import { subscribe } from 'node:diagnostics_channel';
import { FAILPOINT_CHANNEL } from '../../electron/engine/core/failpoint.ts';

const [name, nth] = (process.env['HOLDFAST_FAILPOINT'] ?? '').split(':');
const hits = process.env['HOLDFAST_FAILPOINT_HITS'];
let reached = 0;

subscribe(FAILPOINT_CHANNEL, (step) => {
  if (name === undefined || step !== name || hits === undefined) return;
  reached += 1;
  if (reached !== Number(nth)) return;
  appendFileSync(hits, `${name}\n`);
  // The system ends every thread before this call returns.
  process.kill(process.pid, 'SIGKILL');
});
