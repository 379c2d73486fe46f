/**
 * Process: runs Holdfast, harms it and its Redis as planned, and measures how long recording takes to go on. Argument: JSON of
 * {@link options}. Tells its parent each fault ({@link NemesisMessage}); when the plan is done Holdfast is left running until
 * the parent says anything, and is then ended cleanly.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { processesIn } from '../../support/child-process.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { EpochPlace } from './epoch-place.ts';
import { parseFaultKinds, planFaults, QUEUES } from './fault-plan.ts';
import { FaultInjector } from './fault-injector.ts';
import { Journal } from './journal.ts';
import type { NemesisMessage } from './nemesis-message.ts';
import { NamedServer, OwnServer, type QueueServer } from './queue-server.ts';
import { Probe } from './probe.ts';
import type { ServerAddress } from './server-address.ts';

const options = z.object({
  root: z.string(),
  seed: z.number(),
  kinds: z.string().transform((text) => parseFaultKinds(text)),
  kills: z.number(),
  eachOnce: z.boolean(),
  queue: z.enum(QUEUES),
  /** Of this process: no more faults after so long. */
  mostMs: z.number(),
  /** Processes of the harness in this folder. */
  ours: z.array(z.number()),
});

const NO_PROCESS_WITHIN_MS = 5000;
const SERVER_BACK_WITHIN_MS = 90_000;

async function run(): Promise<void> {
  const { root, seed, kinds, kills, eachOnce, queue, mostMs, ours } = options.parse(JSON.parse(process.argv[2] ?? ''));
  const place = new EpochPlace(root);
  const server = queue === 'own' ? new OwnServer(place) : await NamedServer.start(place);
  const injector = new FaultInjector(place, server, place.environment(process.env));
  const parentSpoke = new Promise((resolve) => process.once('message', resolve));
  process.on('disconnect', () => {
    void injector.killAll().finally(() => process.exit(1));
  });
  const probe = new Probe(new Journal(place.journal, 'probe'), place.projects);
  const until = performance.now() + mostMs;
  const least = eachOnce ? kinds.length : 0;
  const sum = { drawn: 0, kills: 0 };
  for (const fault of planFaults({ seed, kinds, eachOnce })) {
    if (performance.now() > until || (sum.kills >= kills && sum.drawn >= least)) break;
    sum.drawn += 1;
    const done = await injector.inject(fault);
    if (done === null) continue;
    sum.kills += done.kills;
    const recoveredMs = fault.settles ? await probe.untilFound(injector, done.at) : null;
    tell({ event: 'fault', kind: fault.kind, kills: done.kills, recoveredMs });
  }
  const recorder = await injector.running();
  await recorder.recording;
  tell({ event: 'planDone', server: await runningServer(server) });
  await parentSpoke;
  tell({ event: 'ended', problems: await endCleanly(injector, server, place, [process.pid, ...ours]) });
  process.disconnect();
}

/** After many kills its keeper lets a while pass before the next try. */
async function runningServer(server: QueueServer): Promise<ServerAddress> {
  await waitUntil(
    () => server.pid(),
    (pid) => pid !== null,
    'a Redis that runs',
    SERVER_BACK_WITHIN_MS,
  );
  const address = await server.address();
  if (address === null) throw new Error('The Redis that runs is not on record.');
  return address;
}

async function endCleanly(
  injector: FaultInjector,
  server: QueueServer,
  place: EpochPlace,
  ours: readonly number[],
): Promise<string[]> {
  const code = await (await injector.running()).stop();
  const problems = code === 0 ? [] : [`Holdfast ended with ${String(code)} when it was asked to`];
  // One that the harness runs is none of those that Holdfast could leave behind.
  if (server instanceof NamedServer) await server.end();
  const others = async (): Promise<readonly number[]> =>
    (await processesIn(place.root)).filter((pid) => !ours.includes(pid));
  try {
    await waitUntil(others, (pids) => pids.length === 0, 'processes left behind', NO_PROCESS_WITHIN_MS);
  } catch (error) {
    problems.push(String(error));
    await injector.killAll();
  }
  return problems;
}

function tell(message: NemesisMessage): void {
  process.send?.(message);
}

await run().catch(async (error: unknown) => {
  console.error(error);
  process.exitCode = 1;
  await sleep(0);
  process.disconnect();
});
