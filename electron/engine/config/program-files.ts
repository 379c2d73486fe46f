import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { InvariantError } from '../core/errors.ts';

/** Where the program's own files are, the same from the sources and from the built bundle. */
export interface ProgramFiles {
  /** Folder with the program's `package.json`. */
  readonly root: string;
  readonly version: string;
  /** Folder with `redis/<platform>-<arch>/`. */
  readonly resourcesDirectory: string;
  /** The built window; null when it was not built. */
  readonly rendererDirectory: string | null;
}

const manifestSchema = z.object({ name: z.literal('holdfast'), version: z.string() });

/**
 * Looks upwards from the folder of an entry file (`electron/` or `dist/electron/`) for the program's `package.json`.
 * @param startDirectory `import.meta.dirname` of the entry file
 */
export function programFiles(startDirectory: string): ProgramFiles {
  for (let root = startDirectory; ; root = path.dirname(root)) {
    const version = versionIn(path.join(root, 'package.json'));
    if (version !== null) {
      const rendererDirectory = path.join(root, 'dist', 'renderer');
      return {
        root,
        version,
        resourcesDirectory: path.join(root, 'resources'),
        rendererDirectory: existsSync(path.join(rendererDirectory, 'index.html')) ? rendererDirectory : null,
      };
    }
    if (path.dirname(root) === root) {
      throw new InvariantError(`no package.json of holdfast above ${startDirectory}`);
    }
  }
}

function versionIn(file: string): string | null {
  if (!existsSync(file)) return null;
  const manifest = manifestSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return manifest.success ? manifest.data.version : null;
}
