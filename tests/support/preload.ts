/** Libraries of our own that stand between a program and the system. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * Compiles C code into a library that can be preloaded; once for each folder.
 * @throws Error that names the package, when there is no compiler
 */
export function compilePreload(source: string, folder: string): string {
  const library = path.join(folder, `${path.basename(source, '.c')}.so`);
  if (existsSync(library)) return library;
  const result = spawnSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'], {
    encoding: 'utf8',
  });
  if (result.error !== undefined) {
    throw new Error('There is no C compiler: install it with `sudo apt-get install build-essential`.');
  }
  if (result.status !== 0) throw new Error(`${source} does not compile: ${result.stderr}`);
  return library;
}
