// Stands in for Electron's own default app: `electron [-r module]… PATH [args]`, PATH being a folder or a file.
// It must be an ES module with top-level await: Electron holds `ready` back until the entry module has been evaluated.
import { app } from 'electron';
import fs from 'node:fs';
import Module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { preload, target } = readArguments(process.argv.slice(1));
if (target === null) {
  console.error('electron: no app given');
  process.exit(1);
}
if (preload.length > 0) Module._preloadModules(preload);
Object.defineProperty(process, 'defaultApp', { configurable: false, enumerable: true, value: true });

try {
  const folder = path.resolve(target);
  const entry = Module._resolveFilename(folder, null, true);
  app.setAppPath(describeApp(folder) ?? path.dirname(entry));
  await import(pathToFileURL(entry).href);
} catch (error) {
  console.error('App threw an error during load');
  console.error(error.stack ?? error);
  process.exit(1);
}

function readArguments(argv) {
  const preload = [];
  for (let i = 0; i < argv.length; i += 1) {
    if (argv[i] === '-r' || argv[i] === '--require') preload.push(argv[(i += 1)]);
    else if (argv[i].startsWith('--require=')) preload.push(argv[i].slice('--require='.length));
    else if (!argv[i].startsWith('-')) return { preload, target: argv[i] };
  }
  return { preload, target: null };
}

/** Takes name and version from the folder's package.json; null when there is none. */
function describeApp(folder) {
  const manifest = path.join(folder, 'package.json');
  if (!fs.existsSync(manifest)) return null;
  const { version, productName, name, desktopName } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
  if (version) app.setVersion(version);
  if (productName ?? name) app.setName(productName ?? name);
  if (desktopName) app.setDesktopName(desktopName);
  return folder;
}
