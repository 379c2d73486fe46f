/** The disk of the machine behind the functions of `node:fs` and `node:fs/promises` that the recorder uses. */
import { constants, type BigIntStats, type Stats } from 'node:fs';
import path from 'node:path';
import type { IoSteps } from './io-steps.ts';
import { diskError, type DiskNode, type FileNode, type FolderNode, type MemoryDisk } from './memory-disk.ts';

type Flags = string | number;

interface StatOptions {
  readonly bigint?: boolean;
}

const NS_PER_MS = 1_000_000n;

export class MemoryHandle {
  readonly #disk: MemoryDisk;
  readonly #io: IoSteps;
  readonly #node: DiskNode;

  constructor(disk: MemoryDisk, io: IoSteps, node: DiskNode) {
    this.#disk = disk;
    this.#io = io;
    this.#node = node;
  }

  stat(options: StatOptions = {}): Promise<Stats | BigIntStats> {
    return this.#io.take(() => statsOf(this.#node, options));
  }

  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }> {
    return this.#io.take(() => ({ bytesRead: this.#file.bytes.copy(buffer, offset, position, position + length) }));
  }

  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }> {
    // The caller may use its buffer again: what it holds now is what is written.
    const content = Buffer.from(bytes.subarray(offset, offset + length));
    return this.#io.take(() => ({ bytesWritten: this.#disk.write(this.#file, content, position) }));
  }

  writeFile(content: string): Promise<void> {
    return this.#io.take(() => {
      this.#disk.write(this.#file, Buffer.from(content), 0);
    });
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  sync(): Promise<void> {
    return this.#io.take(() => {
      this.#disk.sync(this.#node);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #file(): FileNode {
    if (this.#node.kind === 'folder') throw diskError('EISDIR', 'a folder');
    return this.#node;
  }
}

export class MemoryFiles {
  readonly #disk: MemoryDisk;
  readonly #io: IoSteps;
  readonly #descriptors = new Map<number, FileNode>();
  #lastDescriptor = 100;

  constructor(disk: MemoryDisk, io: IoSteps) {
    this.#disk = disk;
    this.#io = io;
  }

  open(name: string, flags: Flags): Promise<MemoryHandle> {
    return this.#io.take(() => new MemoryHandle(this.#disk, this.#io, this.#openNode(name, flags)));
  }

  stat(name: string, options: StatOptions = {}): Promise<Stats | BigIntStats> {
    return this.#io.take(() => statsOf(this.#disk.get(name), options));
  }

  mkdir(name: string): Promise<void> {
    return this.#io.take(() => {
      this.#disk.makeFolders(name);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#io.take(() => {
      this.#disk.rename(from, to);
    });
  }

  rm(name: string): Promise<void> {
    return this.#io.take(() => {
      if (this.#disk.find(name) !== null) this.#disk.remove(name);
    });
  }

  opendir(name: string): Promise<AsyncIterable<object>> {
    return this.#io.take(() => entriesOf(this.#folder(name)));
  }

  openSync(name: string): number {
    const fd = (this.#lastDescriptor += 1);
    this.#descriptors.set(fd, this.#disk.file(name));
    return fd;
  }

  fstatSync(fd: number): { readonly size: number } {
    return { size: this.#descriptor(fd).bytes.length };
  }

  readSync(fd: number, buffer: Buffer, offset: number, length: number, position: number): number {
    return this.#descriptor(fd).bytes.copy(buffer, offset, position, position + length);
  }

  closeSync(fd: number): void {
    this.#descriptors.delete(fd);
  }

  #descriptor(fd: number): FileNode {
    const file = this.#descriptors.get(fd);
    if (file === undefined) throw diskError('EBADF', String(fd));
    return file;
  }

  #folder(name: string): FolderNode {
    const node = this.#disk.get(name);
    if (node.kind === 'file') throw diskError('ENOTDIR', name);
    return node;
  }

  #openNode(name: string, flags: Flags): DiskNode {
    const found = this.#disk.find(name);
    if (flags === 'r' || typeof flags === 'number') return this.#disk.get(name);
    if (flags === 'r+') return this.#disk.file(name);
    if (flags === 'wx+' && found !== null) throw diskError('EEXIST', name);
    if (flags !== 'wx+' && flags !== 'w') throw diskError('EINVAL', `open with ${flags}`);
    const file = found ?? this.#disk.create(name);
    if (file.kind === 'folder') throw diskError('EISDIR', name);
    if (found !== null) this.#disk.setContent(file, Buffer.alloc(0));
    return file;
  }
}

/** `node:fs/promises` as the recorder sees it. */
export function promisesModule(files: () => MemoryFiles): Readonly<Record<string, unknown>> {
  return {
    open: (name: string, flags: Flags) => files().open(name, flags),
    stat: (name: string, options?: StatOptions) => files().stat(name, options),
    lstat: (name: string, options?: StatOptions) => files().stat(name, options),
    mkdir: (name: string) => files().mkdir(name),
    rename: (from: string, to: string) => files().rename(from, to),
    rm: (name: string) => files().rm(name),
    opendir: (name: string) => files().opendir(name),
    constants,
  };
}

/** `node:fs` as the recorder sees it. Watches hear nothing: the schedule says when something is noticed. */
export function syncModule(files: () => MemoryFiles): Readonly<Record<string, unknown>> {
  const watcher = { on: () => watcher, close: () => undefined };
  return {
    openSync: (name: string) => files().openSync(name),
    fstatSync: (fd: number) => files().fstatSync(fd),
    readSync: (fd: number, buffer: Buffer, offset: number, length: number, position: number) =>
      files().readSync(fd, buffer, offset, length, position),
    closeSync: (fd: number) => {
      files().closeSync(fd);
    },
    watch: () => watcher,
    constants,
  };
}

function statsOf(node: DiskNode, { bigint = false }: StatOptions): Stats | BigIntStats {
  const size = node.kind === 'file' ? node.bytes.length : PLACE_BYTES;
  const changedNs = node.kind === 'file' ? node.changedNs : 0n;
  const changedMs = changedNs / NS_PER_MS;
  const stats = {
    isFile: () => node.kind === 'file',
    isDirectory: () => node.kind === 'folder',
    size: bigint ? BigInt(size) : size,
    ino: bigint ? node.inode : Number(node.inode),
    mtimeMs: bigint ? changedMs : Number(changedMs),
    mtimeNs: changedNs,
    ctimeNs: changedNs,
  };
  return stats as unknown as Stats | BigIntStats;
}

const PLACE_BYTES = 4096;

async function* entriesOf(folder: FolderNode): AsyncGenerator<object> {
  await Promise.resolve();
  for (const [name, node] of [...folder.entries]) {
    yield {
      name: path.posix.basename(name),
      isFile: () => node.kind === 'file',
      isDirectory: () => node.kind === 'folder',
      isSymbolicLink: () => false,
    };
  }
}
