/**
 * A disk that has not written everything yet. Contents of a file last once the file was synced, its name once its folder
 * was; until then a power cut may take them, or leave any part of them. Built from what was recorded of a program.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SeededRandom } from '../../bench/transcripts/random.ts';
import type { Change } from './write-recorder.ts';

/**
 * What a power cut leaves of that which was not synced: nothing; everything up to some moment, the last write torn; any of
 * the writes, in whatever order the disk took them.
 */
export const CUTS = ['drops', 'tears', 'reorders'] as const;
export type Cut = (typeof CUTS)[number];

type ContentChange = Extract<Change, { readonly kind: 'written' | 'cut' }>;

interface FileNode {
  readonly kind: 'file';
  synced: Buffer;
  unsynced: ContentChange[];
}
/** Changes of names that belong together: both sides of a rename. */
type NameChange = readonly (readonly [name: string, node: Node | null])[];
interface FolderNode {
  readonly kind: 'folder';
  readonly now: Map<string, Node>;
  readonly synced: Map<string, Node>;
  unsynced: NameChange[];
}
type Node = FileNode | FolderNode;

const SECTOR = 512;

export class ModelDisk {
  readonly #root: string;
  readonly #top: FolderNode;
  readonly #byInode = new Map<number, FileNode>();
  /** Files that were given another name before they were synced: a power cut may leave the name and nothing in it. */
  readonly hasty: string[] = [];

  /** What is below the folder now has been there for long. */
  constructor(root: string) {
    this.#root = root;
    this.#top = this.#load(root);
  }

  apply(change: Change): void {
    switch (change.kind) {
      case 'created': {
        const file: FileNode = { kind: 'file', synced: Buffer.alloc(0), unsynced: [] };
        this.#byInode.set(change.inode, file);
        this.#name(change.path, file);
        break;
      }
      case 'written':
      case 'cut':
        this.#file(change.inode).unsynced.push(change);
        break;
      case 'synced': {
        const file = this.#file(change.inode);
        file.synced = contentAfter(file.synced, file.unsynced);
        file.unsynced = [];
        break;
      }
      case 'folder':
        this.#name(change.path, newFolder());
        break;
      case 'folder-synced': {
        const folder = this.#folder(change.path);
        for (const names of folder.unsynced) rename(folder.synced, names);
        folder.unsynced = [];
        break;
      }
      case 'renamed':
        this.#rename(change.from, change.to);
        break;
      case 'linked':
        this.#name(change.to, this.#finished(change.from));
        break;
      case 'removed':
        this.#name(change.path, null);
        break;
    }
  }

  /** Writes what a power cut now would leave into a folder, which is emptied first. */
  writeTo(directory: string, cut: Cut, random: SeededRandom): void {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFolder(this.#top, directory, cut, random);
  }

  #load(directory: string): FolderNode {
    const folder = newFolder();
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name);
      const node: Node = entry.isDirectory()
        ? this.#load(file)
        : { kind: 'file', synced: readFileSync(file), unsynced: [] };
      if (node.kind === 'file') this.#byInode.set(statSync(file).ino, node);
      folder.now.set(entry.name, node);
      folder.synced.set(entry.name, node);
    }
    return folder;
  }

  #file(inode: number): FileNode {
    const file = this.#byInode.get(inode);
    if (file === undefined) throw new Error(`a change of a file that was never opened: inode ${String(inode)}`);
    return file;
  }

  #folder(directory: string): FolderNode {
    let node: Node | undefined = this.#top;
    for (const name of path
      .relative(this.#root, directory)
      .split(path.sep)
      .filter((part) => part !== '')) {
      node = node.kind === 'folder' ? node.now.get(name) : undefined;
      if (node === undefined) throw new Error(`a change in a folder that is not there: ${directory}`);
    }
    if (node.kind !== 'folder') throw new Error(`no folder: ${directory}`);
    return node;
  }

  /** What gets another name now. */
  #finished(file: string): Node {
    const node = this.#folder(path.dirname(file)).now.get(path.basename(file));
    if (node === undefined) throw new Error(`a change of a name that is not there: ${file}`);
    if (node.kind === 'file' && node.unsynced.length > 0) this.hasty.push(path.relative(this.#root, file));
    return node;
  }

  #name(file: string, node: Node | null): void {
    changeNames(this.#folder(path.dirname(file)), [[path.basename(file), node]]);
  }

  #rename(from: string, to: string): void {
    const source = this.#folder(path.dirname(from));
    const node = this.#finished(from);
    const taken = [path.basename(from), null] as const;
    const given = [path.basename(to), node] as const;
    if (path.dirname(from) === path.dirname(to)) {
      changeNames(source, [taken, given]);
    } else {
      changeNames(this.#folder(path.dirname(to)), [given]);
      changeNames(source, [taken]);
    }
  }
}

function newFolder(): FolderNode {
  return { kind: 'folder', now: new Map(), synced: new Map(), unsynced: [] };
}

function changeNames(folder: FolderNode, names: NameChange): void {
  rename(folder.now, names);
  folder.unsynced.push(names);
}

function rename(names: Map<string, Node>, changes: NameChange): void {
  for (const [name, node] of changes) {
    if (node === null) names.delete(name);
    else names.set(name, node);
  }
}

function contentAfter(before: Buffer, changes: readonly ContentChange[]): Buffer {
  const ends = changes.map((change) =>
    change.kind === 'cut' ? change.sizeBytes : change.offset + change.bytes.length,
  );
  const content = Buffer.alloc(Math.max(before.length, ...ends));
  before.copy(content);
  let size = before.length;
  for (const change of changes) {
    if (change.kind === 'cut') {
      content.fill(0, change.sizeBytes);
      size = change.sizeBytes;
    } else {
      change.bytes.copy(content, change.offset);
      size = Math.max(size, change.offset + change.bytes.length);
    }
  }
  return content.subarray(0, size);
}

/** A file system with a journal keeps the order of names, so of these a beginning is left. */
function writeFolder(folder: FolderNode, directory: string, cut: Cut, random: SeededRandom): void {
  const names = new Map(folder.synced);
  const kept = cut === 'drops' ? 0 : random.int(folder.unsynced.length + 1);
  for (const change of folder.unsynced.slice(0, kept)) rename(names, change);
  for (const [name, node] of names) {
    const target = path.join(directory, name);
    if (node.kind === 'file') {
      writeFileSync(target, contentAfter(node.synced, leftOf(node.unsynced, cut, random)), { mode: 0o600 });
    } else {
      mkdirSync(target, { mode: 0o700 });
      writeFolder(node, target, cut, random);
    }
  }
}

function leftOf(unsynced: readonly ContentChange[], cut: Cut, random: SeededRandom): readonly ContentChange[] {
  switch (cut) {
    case 'drops':
      return [];
    case 'tears': {
      const kept = unsynced.slice(0, random.int(unsynced.length + 1));
      const last = kept.pop();
      return last === undefined ? [] : [...kept, torn(last, random)];
    }
    case 'reorders':
      return unsynced
        .filter(() => random.next() < 0.5)
        .map((change) => (random.next() < 0.2 ? torn(change, random) : change));
  }
}

/** Disks write whole sectors. */
function torn(change: ContentChange, random: SeededRandom): ContentChange {
  if (change.kind === 'cut') return change;
  const sectors = Math.floor((random.next() * change.bytes.length) / SECTOR);
  return { ...change, bytes: change.bytes.subarray(0, sectors * SECTOR) };
}
