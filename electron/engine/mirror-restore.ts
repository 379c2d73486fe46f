/** What can be given back of conversations that were mirrored row by row. */
import path from 'node:path';
import type { Archive } from './archive/archive.ts';
import { storedFilesIn } from './capture/opencode/stored-files.ts';
import { OPENCODE_STORE, onDisk } from './capture/source-layout.ts';
import { EngineError } from './core/errors.ts';
import type { RestorableFile } from './jobs/restore-job.ts';

interface Mirror {
  readonly archivePath: string;
  readonly relativePath: string;
  readonly sourcePath: string | null;
}

/**
 * Of an old store: its small files, as they were. Of a database: the rows as lines, and only where a folder is named.
 * @param to folder to write below; null: where the files were
 */
export async function mirroredFiles(
  { archivePath, relativePath, sourcePath }: Mirror,
  archive: Archive,
  to: string | null,
): Promise<readonly RestorableFile[]> {
  const sizeBytes = await archive.sizeOf(archivePath);
  if (!relativePath.startsWith(`${OPENCODE_STORE}/`)) {
    return to === null ? [] : [{ archivePath, sizeBytes, target: path.join(to, ...relativePath.split('/')) }];
  }
  const store = to === null ? onDisk(sourcePath ?? '') : path.join(to, OPENCODE_STORE);
  if (store === '') return [];
  const files = storedFilesIn(await archive.read(archivePath, 0, sizeBytes));
  return [...files].map(([name, content]) => ({
    archivePath,
    target: path.join(store, ...name.split('/')),
    sizeBytes: content.length,
    content,
  }));
}

export function noPlaceForRows(): EngineError {
  return new EngineError(
    'UNSUPPORTED_HERE',
    'opencode keeps its conversations in a database, into which Holdfast does not write; nothing was restored. Name a folder ' +
      'with --to: there its rows are written as lines of JSON, in every state that was saved. To read them, use `holdfast export`.',
  );
}
