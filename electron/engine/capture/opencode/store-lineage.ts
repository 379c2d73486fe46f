import type { StoreFiles } from './store-files.ts';

/** Path of each session's own file by its id; null for one of which only messages are left. */
export type StoredSessions = ReadonlyMap<string, string | null>;

const LONGEST_LINEAGE = 20;

/** The session with those that it was started by, the first one first. A parent that is gone still has its name. */
export async function lineageOf(
  session: string,
  sessions: StoredSessions,
  files: StoreFiles,
): Promise<readonly string[]> {
  const lineage = [session];
  for (let current = session; lineage.length < LONGEST_LINEAGE;) {
    const parent = (await jsonIn(sessions.get(current) ?? null, files))?.['parentID'];
    if (typeof parent !== 'string' || parent === '' || lineage.includes(parent)) break;
    lineage.unshift(parent);
    current = parent;
  }
  return lineage;
}

/** The JSON of a file of the store; null for one that is gone, damaged or being written. */
export async function jsonIn(
  name: string | null,
  files: StoreFiles,
): Promise<Readonly<Record<string, unknown>> | null> {
  const bytes = name === null ? null : await files.read(name);
  try {
    return bytes === null ? null : (JSON.parse(bytes.toString('utf8')) as Readonly<Record<string, unknown>> | null);
  } catch {
    // It says nothing of others; that it is damaged is found where it is read for itself.
    return null;
  }
}
