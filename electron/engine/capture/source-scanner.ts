/** Walks the agents' folders. Links are not followed, so that loops cannot happen and nothing outside is read. */
import { opendir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../core/errors.ts';
import { entersFolder, layoutOf, relativePathOf, type SourceRoot } from './source-layout.ts';

export interface ScanVisitor {
  /** A folder, before its content is read: a watch that is set here misses nothing. */
  directory(directory: string): void;
  file(file: string): void;
  /** What was passed over or could not be read. */
  skipped(path: string, reason: string): void;
}

/** Deeper than any agent nests its folders. */
const MAX_DEPTH = 12;

export class SourceScanner {
  readonly #visitor: ScanVisitor;

  constructor(visitor: ScanVisitor) {
    this.#visitor = visitor;
  }

  /** @returns false when the root is not there: its agent is not installed, or its disk is not mounted */
  async scanRoot(root: SourceRoot, signal: AbortSignal): Promise<boolean> {
    const layout = layoutOf(root.agent);
    if (!(await isDirectory(root.directory))) return false;
    this.#visitor.directory(root.directory);
    for (const file of layout.files) {
      const full = path.join(root.directory, file);
      if (await exists(full)) this.#visitor.file(full);
    }
    for (const folder of layout.folders) {
      const full = path.join(root.directory, folder);
      if (await isDirectory(full)) await this.scanDirectory(root, full, signal);
    }
    return true;
  }

  /** Walks one folder of a root and everything below it. */
  async scanDirectory(root: SourceRoot, directory: string, signal: AbortSignal, depth = 0): Promise<void> {
    signal.throwIfAborted();
    if (depth > MAX_DEPTH) {
      this.#visitor.skipped(directory, 'nested too deeply');
      return;
    }
    this.#visitor.directory(directory);
    const below: string[] = [];
    try {
      for await (const entry of await opendir(directory)) {
        const full = path.join(directory, entry.name);
        if (entry.isDirectory()) {
          if (isEntered(root, full)) below.push(full);
        } else if (entry.isFile()) this.#visitor.file(full);
        else if (isOurs(root, full))
          this.#visitor.skipped(full, entry.isSymbolicLink() ? 'a link' : 'not a regular file');
      }
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === null) throw error;
      if (code !== 'ENOENT') this.#visitor.skipped(directory, code);
      return;
    }
    for (const next of below) await this.scanDirectory(root, next, signal, depth + 1);
  }
}

function isOurs(root: SourceRoot, file: string): boolean {
  const relative = relativePathOf(root, file);
  return relative !== null && layoutOf(root.agent).kindOf(relative) !== null;
}

function isEntered(root: SourceRoot, directory: string): boolean {
  const relative = relativePathOf(root, directory);
  return relative !== null && entersFolder(root, relative);
}

/** The agent's own folders may be links to another disk; below them links are not followed. */
async function isDirectory(directory: string): Promise<boolean> {
  return (await statOf(directory))?.isDirectory() ?? false;
}

async function exists(file: string): Promise<boolean> {
  return (await statOf(file)) !== null;
}

async function statOf(file: string): Promise<Awaited<ReturnType<typeof stat>> | null> {
  try {
    return await stat(file);
  } catch (error) {
    if (systemErrorCode(error) === null) throw error;
    return null;
  }
}
