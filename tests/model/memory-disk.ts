/**
 * A disk in memory that forgets as a real one does: what was not synced may be gone after a power cut, whole, in part, or
 * as zeros, and so may the name of a file whose folder was not synced.
 */
import path from 'node:path';
import type { Dice } from './dice.ts';

export interface FileNode {
  readonly kind: 'file';
  readonly inode: bigint;
  bytes: Buffer;
  /** What a power cut leaves for certain. */
  durable: Buffer;
  /** Of the content. */
  changedNs: bigint;
}

export interface FolderNode {
  readonly kind: 'folder';
  readonly inode: bigint;
  readonly entries: Map<string, DiskNode>;
  durable: ReadonlyMap<string, DiskNode>;
}

export type DiskNode = FileNode | FolderNode;

const PAGE_BYTES = 4096;
const NS_PER_MS = 1_000_000n;

export class MemoryDisk {
  readonly #wallMs: () => number;
  #inodes = 1n;
  #ticks = 0n;
  readonly #root: FolderNode = this.#newFolder();
  readonly #freed: bigint[] = [];
  /** Bytes that still can be written; Infinity: enough. */
  free = Infinity;
  /** Changes whenever something becomes durable, or ceases to be. */
  durableVersion = 0;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  find(name: string): DiskNode | null {
    let node: DiskNode = this.#root;
    for (const part of partsOf(name)) {
      if (node.kind === 'file') throw diskError('ENOTDIR', name);
      const next = node.entries.get(part);
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  get(name: string): DiskNode {
    const node = this.find(name);
    if (node === null) throw diskError('ENOENT', name);
    return node;
  }

  file(name: string): FileNode {
    const node = this.get(name);
    if (node.kind !== 'file') throw diskError('EISDIR', name);
    return node;
  }

  makeFolders(name: string): void {
    let folder = this.#root;
    for (const part of partsOf(name)) {
      const next: DiskNode = folder.entries.get(part) ?? this.#newFolder();
      if (next.kind === 'file') throw diskError('ENOTDIR', name);
      folder.entries.set(part, next);
      folder = next;
    }
  }

  create(name: string): FileNode {
    const file: FileNode = {
      kind: 'file',
      // The inode of a deleted file is the next one to be taken, as on ext4.
      inode: this.#freed.pop() ?? (this.#inodes += 1n),
      bytes: Buffer.alloc(0),
      durable: Buffer.alloc(0),
      changedNs: this.#now(),
    };
    this.#parentOf(name).entries.set(path.posix.basename(name), file);
    return file;
  }

  remove(name: string): void {
    const parent = this.#parentOf(name);
    const node = parent.entries.get(path.posix.basename(name));
    if (node === undefined) throw diskError('ENOENT', name);
    parent.entries.delete(path.posix.basename(name));
    this.#freed.push(node.inode);
  }

  rename(from: string, to: string): void {
    const node = this.get(from);
    const replaced = this.find(to);
    this.#parentOf(from).entries.delete(path.posix.basename(from));
    this.#parentOf(to).entries.set(path.posix.basename(to), node);
    if (replaced !== null) this.#freed.push(replaced.inode);
  }

  /** @returns how many of the bytes were written: fewer when the disk becomes full. Error: ENOSPC */
  write(file: FileNode, bytes: Buffer, position: number): number {
    const length = Math.min(bytes.length, this.free);
    if (length === 0 && bytes.length > 0) throw diskError('ENOSPC', 'a file');
    this.free -= length;
    const end = Math.max(file.bytes.length, position + length);
    const content = Buffer.alloc(end);
    file.bytes.copy(content);
    bytes.copy(content, position, 0, length);
    this.setContent(file, content);
    return length;
  }

  setContent(file: FileNode, bytes: Buffer): void {
    file.bytes = bytes;
    file.changedNs = this.#now();
  }

  sync(node: DiskNode): void {
    this.durableVersion += 1;
    if (node.kind === 'file') node.durable = node.bytes;
    else node.durable = new Map(node.entries);
  }

  /** Makes everything below a folder durable: as after a moment in which nothing happens. */
  syncAll(name: string): void {
    const node = this.find(name);
    if (node === null) return;
    for (let at = path.posix.dirname(name); ; at = path.posix.dirname(at)) {
      this.sync(this.get(at));
      if (at === '/') break;
    }
    this.#walk(node, (below) => {
      this.sync(below);
    });
  }

  /** Every file below a folder, by its path below it. @param view what is seen now, or what a power cut would leave */
  filesBelow(name: string, view: 'seen' | 'durable'): ReadonlyMap<string, Buffer> {
    const found = new Map<string, Buffer>();
    const visit = (folder: FolderNode, below: string): void => {
      for (const [entry, node] of view === 'seen' ? folder.entries : folder.durable) {
        if (node.kind === 'folder') visit(node, `${below}${entry}/`);
        else found.set(`${below}${entry}`, view === 'seen' ? node.bytes : node.durable);
      }
    };
    const start = this.find(name);
    if (start?.kind === 'folder') visit(start, '');
    return found;
  }

  /** The power is cut. What is on the disk afterwards is durable. */
  cutPower(dice: Dice): void {
    this.durableVersion += 1;
    this.#lose(this.#root, dice);
  }

  #lose(folder: FolderNode, dice: Dice): void {
    for (const [name, node] of folder.entries) {
      if (folder.durable.get(name) === node || dice.roll(3) > 0) continue;
      const before = folder.durable.get(name);
      if (before === undefined) folder.entries.delete(name);
      else folder.entries.set(name, before);
    }
    for (const [name, node] of folder.durable) {
      if (!folder.entries.has(name) && dice.roll(2) === 0) folder.entries.set(name, node);
    }
    for (const node of folder.entries.values()) {
      if (node.kind === 'folder') this.#lose(node, dice);
      else {
        node.bytes = torn(node, dice);
        node.durable = node.bytes;
      }
    }
    folder.durable = new Map(folder.entries);
  }

  #walk(node: DiskNode, visit: (node: DiskNode) => void): void {
    visit(node);
    if (node.kind === 'folder') for (const below of node.entries.values()) this.#walk(below, visit);
  }

  #parentOf(name: string): FolderNode {
    const parent = this.get(path.posix.dirname(name));
    if (parent.kind === 'file') throw diskError('ENOTDIR', name);
    return parent;
  }

  #newFolder(): FolderNode {
    return { kind: 'folder', inode: (this.#inodes += 1n), entries: new Map(), durable: new Map() };
  }

  /** No two changes have the same time. */
  #now(): bigint {
    return BigInt(this.#wallMs()) * NS_PER_MS + (this.#ticks += 1n);
  }
}

/** What a power cut leaves of a file: all that was synced, and of the rest nothing, a part, or zeros in places. */
function torn({ bytes, durable }: FileNode, dice: Dice): Buffer {
  const isGrown = bytes.length >= durable.length && bytes.subarray(0, durable.length).equals(durable);
  if (!isGrown) return dice.roll(2) === 0 ? durable : bytes;
  const length = durable.length + dice.roll(bytes.length - durable.length + 1);
  switch (dice.roll(4)) {
    case 0:
      return durable;
    case 1:
      return bytes.subarray(0, length);
    case 2:
      return Buffer.concat([bytes.subarray(0, length), Buffer.alloc(bytes.length - length)]);
    default:
      return withHoles(bytes, durable.length, dice);
  }
}

/** The system writes pages in any order: some of them are there, and others before them are not. */
function withHoles(bytes: Buffer, from: number, dice: Dice): Buffer {
  const left = Buffer.from(bytes);
  for (let page = Math.floor(from / PAGE_BYTES); page * PAGE_BYTES < bytes.length; page += 1) {
    if (dice.roll(4) === 0)
      left.fill(0, Math.max(from, page * PAGE_BYTES), Math.min(left.length, (page + 1) * PAGE_BYTES));
  }
  return left;
}

export function diskError(code: string, name: string): Error {
  return Object.assign(new Error(`${code}: ${name}`), { code });
}

function partsOf(name: string): readonly string[] {
  return name.split('/').filter((part) => part !== '');
}
