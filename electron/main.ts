import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { app, protocol } from 'electron';
import { defaultHome } from './engine/config/data-paths.ts';
import { allowDatabaseUris } from './engine/config/database-uris.ts';
import { prepareHome } from './engine/config/prepare-home.ts';
import { programFiles } from './engine/config/program-files.ts';
import { systemClock } from './engine/core/clock.ts';
import { createEngine } from './engine/engine.ts';
import { tolerateClosedOutput } from './engine/core/closed-output.ts';
import { Desktop } from './shell/desktop.ts';
import { DesktopProgram } from './shell/desktop-program.ts';
import { readLaunchOptions } from './shell/launch-options.ts';
import { PRIVILEGED_SCHEMES, secureApp } from './shell/security.ts';
import { startFailureText } from './shell/start-failure.ts';
import { stderrLogger } from './shell/stderr-logger.ts';

const { arch, argv, env, platform } = process;
tolerateClosedOutput([process.stdout, process.stderr]);
allowDatabaseUris(env);
const userHome = os.homedir();
const home = defaultHome(platform, env, userHome);
const clock = systemClock;
const logger = stderrLogger((line) => process.stderr.write(line));

/**
 * Without a single await: while one is pending Chromium goes on starting, past the switches and schemes that are set here. With
 * one, a start without a display crashed.
 */
function main(): void {
  const { headless, hidden, port } = readLaunchOptions(argv.slice(1), env['HOLDFAST_PORT']);
  // Chromium's files lie in the data folder, and its lock with them: one desktop for each data folder.
  const userData = path.join(home, headless ? 'headless' : 'desktop');
  mkdirSync(userData, { recursive: true, mode: 0o700 });
  app.setPath('userData', userData);
  if (!app.requestSingleInstanceLock()) {
    console.log('Holdfast is already running: its window is shown.');
    app.exit(0);
    return;
  }
  // It would undo that switch, without which Chromium does not start as root; the window asks for its sandbox all the same.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
  // A page of text and lamps needs no graphics card, and where there is none (virtual machines, remote desktops) the attempts
  // to start one left up to one window in five empty on a busy machine.
  app.disableHardwareAcceleration();
  protocol.registerSchemesAsPrivileged(PRIVILEGED_SCHEMES);
  secureApp(app, logger);

  const files = programFiles(import.meta.dirname);
  const preload = path.join(import.meta.dirname, 'preload.cjs');
  const desktop = headless ? null : new Desktop({ ...files, home, platform, preload, clock, logger });
  const engine = createEngine({
    ...{ ...files, home, platform, arch, userHome, env, port, mode: 'service' },
    desktop: desktop?.actions ?? null,
    sqliteBinding: env['HOLDFAST_SQLITE_BINDING'] ?? null,
  });
  const program = new DesktopProgram({ app, engine, desktop, home, hidden, clock, logger });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => program.quit());
  program.follow();
  // Never awaited here: Electron gets ready only after this module has been evaluated.
  app.whenReady().then(() => program.start(), fail);
}

function fail(error: unknown): void {
  console.error(startFailureText(error));
  app.exit(1);
}

try {
  main();
} catch (error) {
  // A data folder that cannot be used has a sentence of its own; everything else is said as it is.
  prepareHome(home).then(() => fail(error), fail);
}
