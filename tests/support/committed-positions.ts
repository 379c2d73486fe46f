/** Looks into the database over a connection of its own: how far each transcript is committed, and so searchable. */
import path from 'node:path';
import { z } from 'zod';
import { openDatabase, type Database } from '../../electron/engine/store/database.ts';
import { waitUntil } from './wait-until.ts';

const rows = z.array(z.object({ source_path: z.string().nullable(), committed: z.number() }));

export class CommittedPositions implements Disposable {
  readonly #database: Database;

  constructor(home: string) {
    const nativeBinding = process.env['HOLDFAST_SQLITE_BINDING'] ?? null;
    this.#database = openDatabase(path.join(home, 'holdfast.db'), { nativeBinding, readonly: true });
  }

  /** Committed bytes by source path; of several generations the furthest. */
  read(): ReadonlyMap<string, number> {
    const found = rows.parse(this.#database.prepare('SELECT source_path, committed FROM generation').all());
    const positions = new Map<string, number>();
    for (const { source_path: file, committed } of found) {
      if (file !== null) positions.set(file, Math.max(committed, positions.get(file) ?? 0));
    }
    return positions;
  }

  async waitFor(file: string, position: number): Promise<void> {
    await waitUntil(
      () => this.read().get(file) ?? 0,
      (seen) => seen >= position,
      `${file} saved up to ${String(position)}`,
    );
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
