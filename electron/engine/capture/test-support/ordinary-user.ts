import { chown, readdir } from 'node:fs/promises';
import path from 'node:path';

const NOBODY = 65_534;

/** Runs as somebody to whom permissions apply: to root, as which containers run their tests, they do not. */
export async function asOrdinaryUser<T>(directory: string, work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return await work();
  await chown(directory, NOBODY, NOBODY);
  for (const name of await readdir(directory, { recursive: true })) {
    await chown(path.join(directory, name), NOBODY, NOBODY);
  }
  process.seteuid(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid(0);
  }
}
