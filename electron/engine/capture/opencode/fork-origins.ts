/**
 * Finds what a forked session was copied from. opencode gives the copies new ids and no link to their originals; but a copy
 * keeps the time at which its original was made, which is before the session it stands in.
 */
import type { ForeignDatabase } from '../../core/foreign-database.ts';
import type { MessageFacts } from './row-context.ts';

export class ForkOrigins {
  readonly #database: ForeignDatabase;
  /** Of each forked session: ids of the originals of its project by role and time. */
  readonly #originals = new Map<string, ReadonlyMap<string, string>>();

  constructor(database: ForeignDatabase) {
    this.#database = database;
  }

  /** @returns id of the original message, or null when it is not there any more: then the copy is all there is */
  of(session: string, message: MessageFacts): string | null {
    let originals = this.#originals.get(session);
    if (originals === undefined) {
      originals = this.#find(session);
      this.#originals.set(session, originals);
    }
    return originals.get(markOf(message.role, message.createdAt)) ?? null;
  }

  #find(session: string): ReadonlyMap<string, string> {
    const rows = this.#database.all(
      `WITH told AS (
         SELECT message.id AS id, base.time_created AS since,
                CASE WHEN json_valid(message.data) THEN json_extract(message.data, '$.role') END AS role,
                CASE WHEN json_valid(message.data) THEN json_extract(message.data, '$.time.created') END AS made
         FROM session forked
         JOIN session base ON base.project_id = forked.project_id AND base.time_created <= forked.time_created
         JOIN message ON message.session_id = base.id
         WHERE forked.id = ? AND base.id <> forked.id)
       SELECT id, role, made FROM told WHERE made >= since ORDER BY made DESC, id DESC`,
      session,
    );
    return new Map(rows.map((row) => [markOf(row['role'], row['made']), String(row['id'])]));
  }
}

function markOf(role: unknown, made: unknown): string {
  return `${String(role)} ${String(made)}`;
}
