/** A place for the files of any agent: what is written is archived, saved and read back as the program does it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Agent, Exchange } from '../../../../shared/exchange.ts';
import type { SegmentToSave } from '../segment-saver.ts';
import { filesBelow, StoreBed } from './store-bed.ts';

/** Folder of a tree that a real client wrote. */
export function fixtureTree(name: string): string {
  return fileURLToPath(new URL(`../../../../tests/fixtures/${name}`, import.meta.url));
}

export class AgentBed extends StoreBed {
  readonly #agent: Agent;

  constructor(agent: Agent) {
    super();
    this.#agent = agent;
  }

  override archivePathOf(relativePath: string): string {
    return `${this.#agent}/${this.#agent}-1f0c2a9b/${relativePath}`;
  }

  /** Archives a tree of files. @returns their paths below it */
  archiveTree(root: string): readonly string[] {
    const files = filesBelow(root);
    for (const file of files) this.append(file, readFileSync(path.join(root, file)));
    return files;
  }

  /** Archives and saves a file of lines; an object is a line. @param nextLength bytes of each segment */
  write(file: string, lines: readonly (object | string | Buffer)[], nextLength?: () => number): void {
    for (const line of lines) {
      const bytes = Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line));
      this.append(file, Buffer.concat([bytes, Buffer.from('\n')]));
    }
    this.saveAll(this.segmentsOf(file, nextLength));
  }

  saveAll(segments: readonly SegmentToSave[]): void {
    for (const segment of segments) this.save(segment);
  }

  /** Reads every file again from its start, in other pieces. */
  readAgain(files: readonly string[], nextLength?: () => number): void {
    this.saver.forgetPositions(files.map((file) => this.archivePathOf(file)));
    for (const file of files) this.saveAll(this.segmentsOf(file, nextLength));
  }

  /** Everything that is exported, by session and time. */
  exported(): readonly Exchange[] {
    return [...this.reader.page(0, 1000).items].sort(
      (a, b) => a.sessionId.localeCompare(b.sessionId) || (a.startedAt ?? 0) - (b.startedAt ?? 0),
    );
  }
}
