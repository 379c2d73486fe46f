import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { OPENCODE_STORE, layoutOf, type SourceRoot } from '../source-layout.ts';

/** What keeps conversations as rows in these roots now: databases, and stores of small files. */
export async function listRowSources(roots: readonly SourceRoot[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { directory, agent } of roots) {
    const { databases } = layoutOf(agent);
    if (databases === undefined) continue;
    const names = await namesIn(directory);
    found.push(...names.filter((name) => databases.test(name)).map((name) => path.join(directory, name)));
  }
  return [...found, ...roots.filter(holdsStore).map(storeIn)];
}

export function storeIn({ directory }: SourceRoot): string {
  return path.join(directory, OPENCODE_STORE);
}

/** The folder is also there for other things; without messages it is no store of conversations. */
function holdsStore(root: SourceRoot): boolean {
  return root.agent === 'opencode' && existsSync(path.join(storeIn(root), 'message'));
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    // Not installed, or not ours to read: the survey of the roots says so.
    return [];
  }
}
