/** The proof for an old store: each of its files, as it is now, against the last state of it that the mirror holds. */
import { EngineError } from '../../core/errors.ts';
import type { SourceCheck } from './database-check.ts';
import type { MirrorHashes } from './mirror-lines.ts';
import { mirrorName } from './row-mirror.ts';
import { StoreFiles } from './store-files.ts';
import { lineageOf } from './store-lineage.ts';
import { storeRows } from './store-rows.ts';

/** @param hashesOf reads a file of the mirror by its path in the archive */
export async function checkStore(
  directory: string,
  archivePath: string,
  hashesOf: (archivePath: string) => MirrorHashes['byName'],
): Promise<SourceCheck> {
  const files = new StoreFiles(directory);
  const missing: string[] = [];
  let bytes = 0;
  try {
    const sessions = await files.sessions();
    for (const [id, file] of sessions) {
      const held = hashesOf(`${archivePath}/${mirrorName(await lineageOf(id, sessions, files))}`);
      const { lines } = await storeRows(await files.session(id, file), files, () => Promise.resolve(null));
      for (const line of lines) {
        bytes += line.bytes.length;
        if (held.get(line.name) !== line.hash) missing.push(`${archivePath} ${line.name}`);
      }
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { bytes: 0, missing: [], unreadable: error.code === 'NOT_FOUND' ? null : error.message };
  }
  return { bytes, missing, unreadable: null };
}
