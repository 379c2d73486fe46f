/**
 * What the writers have written, kept apart from the system: a copy of every byte, by incarnation. An incarnation is one
 * growing content, whatever it is called: renaming or rewriting it in place goes on with it, truncating it begins another.
 */
import { closeSync, fsyncSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

export type IncarnationKind = 'lines' | 'blob';

const event = z.discriminatedUnion('event', [
  z.object({ event: z.literal('began'), name: z.string(), kind: z.enum(['lines', 'blob']), at: z.string() }),
  /** Destroyed: of its bytes at least so many had been archived, and only those are owed. */
  z.object({ event: z.literal('ended'), name: z.string(), owedBytes: z.number() }),
]);

export interface Incarnation {
  readonly name: string;
  readonly kind: IncarnationKind;
  readonly bytes: Buffer;
  /** From the start; all of them as long as the file is there. */
  readonly owedBytes: number;
}

/** Written by one process. */
export class Journal {
  readonly #folder: string;
  readonly #events: number;
  readonly #open = new Map<string, number>();
  #count = 0;
  readonly #owner: string;

  constructor(folder: string, owner: string) {
    this.#folder = folder;
    this.#owner = owner;
    this.#events = openSync(path.join(folder, `${owner}.events`), 'a');
  }

  /** @param at where the file lies at first; for people @returns name of the incarnation */
  begin(kind: IncarnationKind, at: string, bytes: Buffer): string {
    this.#count += 1;
    const name = `${this.#owner}-${String(this.#count)}`;
    this.#open.set(name, openSync(path.join(this.#folder, `${name}.bytes`), 'a'));
    this.append(name, bytes);
    this.#note({ event: 'began', name, kind, at });
    return name;
  }

  /** Call it right after the bytes were written to the file. */
  append(name: string, bytes: Buffer): void {
    const fd = this.#open.get(name);
    if (fd === undefined) throw new Error(`${name} is not open`);
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  }

  /** Makes durable what was appended. */
  sync(name: string): void {
    const fd = this.#open.get(name);
    if (fd !== undefined) fsyncSync(fd);
  }

  end(name: string, owedBytes: number): void {
    this.sync(name);
    const fd = this.#open.get(name);
    if (fd !== undefined) closeSync(fd);
    this.#open.delete(name);
    this.#note({ event: 'ended', name, owedBytes });
  }

  #note(one: z.infer<typeof event>): void {
    writeSync(this.#events, `${JSON.stringify(one)}\n`);
    fsyncSync(this.#events);
  }
}

export function readJournal(folder: string): readonly Incarnation[] {
  const kinds = new Map<string, IncarnationKind>();
  const owed = new Map<string, number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.events'))) {
    for (const line of readFileSync(path.join(folder, file), 'utf8').split('\n').slice(0, -1)) {
      const one = event.parse(JSON.parse(line));
      if (one.event === 'began') kinds.set(one.name, one.kind);
      else owed.set(one.name, one.owedBytes);
    }
  }
  return [...kinds].map(([name, kind]) => {
    const bytes = readFileSync(path.join(folder, `${name}.bytes`));
    return { name, kind, bytes, owedBytes: owed.get(name) ?? bytes.length };
  });
}
