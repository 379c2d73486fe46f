/** Records what a program changes below a folder: preloads `write-recorder.c` and reads its log. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { compilePreload } from './preload.ts';
import { CLONE } from './workplace.ts';

/** One change, in the order in which it was made. Paths are absolute. */
export type Change =
  | { readonly kind: 'created'; readonly inode: number; readonly path: string }
  | { readonly kind: 'written'; readonly inode: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly inode: number; readonly sizeBytes: number }
  | { readonly kind: 'synced'; readonly inode: number }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'folder-synced'; readonly path: string }
  | { readonly kind: 'renamed' | 'linked'; readonly from: string; readonly to: string }
  | { readonly kind: 'removed'; readonly path: string };

const HEAD_BYTES = 21;

export class WriteRecorder {
  readonly #library: string;
  readonly #root: string;
  readonly #log: string;

  /** @param folder for the library and the log @param root what is recorded */
  constructor(folder: string, root: string, log: string) {
    this.#library = compilePreload(path.join(CLONE, 'tests/faults/power-loss/write-recorder.c'), folder);
    this.#root = root;
    this.#log = path.join(folder, log);
  }

  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.#library,
      POWER_LOSS_ROOT: this.#root,
      POWER_LOSS_LOG: this.#log,
      // Writes through the ring do not pass through the C library.
      UV_USE_IO_URING: '0',
    };
  }

  /** Bytes of the log so far: everything before was done by now. */
  get length(): number {
    return statSync(this.#log).size;
  }

  /** All changes, each with the length of the log up to its end. An entry that was interrupted is none. */
  read(): readonly (readonly [change: Change, end: number])[] {
    const log = readFileSync(this.#log);
    const changes: (readonly [Change, number])[] = [];
    for (let at = 0; at + HEAD_BYTES <= log.length;) {
      const inode = Number(log.readBigUInt64LE(at + 1));
      const offset = Number(log.readBigUInt64LE(at + 9));
      const end = at + HEAD_BYTES + log.readUInt32LE(at + 17);
      if (end > log.length) break;
      const bytes = log.subarray(at + HEAD_BYTES, end);
      changes.push([changeOf(String.fromCharCode(log.readUInt8(at)), inode, offset, bytes), end]);
      at = end;
    }
    return changes;
  }
}

function changeOf(kind: string, inode: number, offset: number, bytes: Buffer): Change {
  const text = kind === 'W' ? '' : bytes.toString();
  switch (kind) {
    case 'C':
      return { kind: 'created', inode, path: text };
    case 'W':
      return { kind: 'written', inode, offset, bytes };
    case 'T':
      return { kind: 'cut', inode, sizeBytes: offset };
    case 'S':
      return { kind: 'synced', inode };
    case 'M':
      return { kind: 'folder', path: text };
    case 'D':
      return { kind: 'folder-synced', path: text };
    case 'R':
    case 'L': {
      const [from = '', to = ''] = text.split('\0');
      return { kind: kind === 'R' ? 'renamed' : 'linked', from, to };
    }
    case 'U':
      return { kind: 'removed', path: text };
    default:
      throw new Error(`an unknown kind in the log: ${kind}`);
  }
}
