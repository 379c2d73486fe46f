import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes a source anew, as an agent does, with its folder. */
export async function write(file: string, content: string | Buffer): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** Writes at the end of a source. */
export async function append(file: string, content: string | Buffer): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await appendFile(file, content);
}
