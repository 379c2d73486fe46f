// Loaded before the program: its watches are set and never hear anything, as on some network disks.
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.watch = () =>
  Object.assign(new EventEmitter(), { close: () => undefined, ref: () => undefined, unref: () => undefined });
syncBuiltinESMExports();
