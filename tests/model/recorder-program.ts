import { anyDisk } from '../../electron/engine/disk/test-support/any-disk.ts';
import { dataPaths } from '../../electron/engine/config/data-paths.ts';
import type { Clock } from '../../electron/engine/core/clock.ts';
import { silentLogger } from '../../electron/engine/core/logger.ts';
import { Recorder, sourceRoot } from '../../electron/engine/recorder.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { AGENT_ROOT, HOME, type Program } from './machine.ts';

/** The product's recorder, as the engine makes it. */
export function newRecorderProgram(clock: Clock): Program {
  const recorder = new Recorder({
    engine: {
      home: HOME,
      version: '0.0.0',
      platform: 'linux',
      arch: 'x64',
      userHome: '/home/ana',
      env: {},
      resourcesDirectory: '/opt/holdfast',
      rendererDirectory: null,
      port: null,
      mode: 'service',
      desktop: null,
      sqliteBinding: null,
    },
    paths: dataPaths(HOME),
    settings: settingsSchema.parse({}),
    roots: [sourceRoot({ agent: 'claude-code', directory: AGENT_ROOT })],
    clock,
    logger: silentLogger,
    disk: anyDisk(HOME),
  });
  return {
    start: () => recorder.start(new AbortController().signal),
    notice: (path) => {
      recorder.capturer.touch(path);
    },
  };
}
