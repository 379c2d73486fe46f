/** The proof for a database: each of its rows, as it is now, against the last state of it that the mirror holds. */
import { EngineError } from '../../core/errors.ts';
import type { ForeignDatabase } from '../../core/foreign-database.ts';
import { ConversationRows, FROM_THE_START, type ReadRow } from './conversation-rows.ts';
import type { MirrorHashes } from './mirror-lines.ts';
import { mirrorName } from './row-mirror.ts';

export interface DatabaseCheckPorts {
  readonly open: (file: string) => ForeignDatabase;
  /** Reads a file of the mirror by its path in the archive. */
  readonly hashesOf: (archivePath: string) => MirrorHashes['byName'];
}

export interface SourceCheck {
  /** Bytes of the rows that were compared, as lines. */
  readonly bytes: number;
  /** Rows that the mirror does not hold, or holds in an older state. */
  readonly missing: readonly string[];
  /** Why the database could not be read; null when it could. */
  readonly unreadable: string | null;
}

/** @param archivePath under which the database's mirror lies */
export function checkDatabase(file: string, archivePath: string, ports: DatabaseCheckPorts): SourceCheck {
  let database: ForeignDatabase;
  try {
    database = ports.open(file);
  } catch (error) {
    return unreadable(error);
  }
  try {
    return compare(new ConversationRows(database), archivePath, ports);
  } catch (error) {
    return unreadable(error);
  } finally {
    database.close();
  }
}

function compare(rows: ConversationRows, archivePath: string, ports: DatabaseCheckPorts): SourceCheck {
  if (!rows.holdsConversations) return { bytes: 0, missing: [], unreadable: null };
  const missing: string[] = [];
  let bytes = 0;
  const check = (lineage: readonly string[], batches: Iterable<readonly ReadRow[]>): void => {
    const held = ports.hashesOf(`${archivePath}/${mirrorName(lineage)}`);
    for (const row of [...batches].flat()) {
      bytes += row.bytes.length;
      if (held.get(row.name) !== row.hash) missing.push(`${archivePath} ${row.name}`);
    }
  };
  check([], rows.rowsOfDatabase(FROM_THE_START));
  const sessions = new Set([...rows.changedSessions(FROM_THE_START, true)].flat());
  for (const session of sessions) check(rows.lineageOf(session), rows.rowsOf(session, FROM_THE_START));
  return { bytes, missing, unreadable: null };
}

function unreadable(error: unknown): SourceCheck {
  if (!(error instanceof EngineError) || !['TRANSCRIPT_UNREADABLE', 'NOT_FOUND'].includes(error.code)) throw error;
  // Gone since the list was made: then only what was archived counts.
  return { bytes: 0, missing: [], unreadable: error.code === 'NOT_FOUND' ? null : error.message };
}
