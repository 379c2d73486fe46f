/** Supervises a server until it is killed. Prints `ready` when there is one. */
import os from 'node:os';
import { systemClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/logger.ts';
import { RedisSupervisor } from '../redis-supervisor.ts';
import { searchServer } from './redis-test-bed.ts';

const [, , directory = '', transport] = process.argv;
const supervisor = new RedisSupervisor({
  directory,
  find: searchServer,
  platform: process.platform,
  env: {},
  temporaryDirectory: os.tmpdir(),
  userId: process.getuid?.() ?? null,
  clock: systemClock,
  logger: silentLogger,
  random: Math.random,
  ...(transport === 'tcp' ? { transport } : {}),
});
await supervisor.start(new AbortController().signal);
console.log(supervisor.state.kind);
