/** Looks into the archive as anybody could: files with bytes. Which file belongs to which is told by the bytes alone. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

export interface ArchivedFile {
  /** Below the archive folder, with forward slashes. */
  readonly archivePath: string;
  readonly bytes: Buffer;
}

/** Folders with a description of their root begin at this depth: `<agent>/<root key>/…`. */
const ROOT_DEPTH = 2;

export function archivedFiles(home: string): readonly ArchivedFile[] {
  return namesIn(home).map((name) => ({ archivePath: name, bytes: readFileSync(path.join(home, 'archive', name)) }));
}

/** True when a file of the archive has exactly this content. */
export function isArchived(home: string, content: Buffer): boolean {
  if (content.length === 0) return true;
  return namesIn(home)
    .map((name) => path.join(home, 'archive', name))
    .some((file) => sizeOf(file) === content.length && readFileSync(file).equals(content));
}

/** How much of the content the archive holds for certain: the longest archived file that is a beginning of it. */
export function archivedPrefix(home: string, content: Buffer): number {
  let most = 0;
  for (const name of namesIn(home)) {
    const file = path.join(home, 'archive', name);
    const size = sizeOf(file);
    if (size <= most || size > content.length) continue;
    // It may have grown since; what it had then is enough.
    const bytes = readFileSync(file).subarray(0, size);
    if (bytes.equals(content.subarray(0, size))) most = size;
  }
  return most;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function namesIn(home: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(path.join(home, 'archive'), { recursive: true, encoding: 'utf8' });
  } catch {
    // Not made yet.
    return [];
  }
  return names
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => name.split('/').length > ROOT_DEPTH && isTranscript(name));
}

function isTranscript(name: string): boolean {
  const base = path.posix.basename(name);
  return base.includes('.jsonl') || base.endsWith('.meta.json') || name.includes('/tool-results/');
}
