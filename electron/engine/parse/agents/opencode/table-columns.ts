/** The columns that versions 1.1 to 1.18 of opencode give their tables. One more is kept with its row, and counted as drift. */
import type { ParsedRecord, TranscriptContext } from '../../../../../shared/record.ts';
import type { ReadRow } from './read-row.ts';

const TIMES = ['time_created', 'time_updated'];
const KNOWN_COLUMNS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    project: 'id worktree vcs name icon_url icon_url_override icon_color time_initialized sandboxes commands',
    session:
      'id project_id workspace_id parent_id fork_session_id fork_message_id slug directory path title version share_url ' +
      'summary_additions summary_deletions summary_files summary_diffs metadata cost tokens_input tokens_output ' +
      'tokens_reasoning tokens_cache_read tokens_cache_write revert permission agent model time_compacting time_archived',
    message: 'id session_id data',
    part: 'id message_id session_id data',
    todo: 'session_id content status priority position',
    session_message: 'id session_id type seq data',
  }).map(([table, columns]) => [table, new Set([...columns.split(' '), ...TIMES])]),
);

/** A table's shape: of an unknown type when it has a column that this version does not know. */
export function readSchema(row: ReadRow, context: TranscriptContext): ParsedRecord {
  const known = KNOWN_COLUMNS.get(row.id);
  const unknown = row.columns.filter((column) => known?.has(column) !== true);
  const base = row.silentRecord(context);
  const [first] = unknown;
  return first === undefined ? base : { ...base, type: `sqlite_schema/${row.id}.${first}`, isKnownType: false };
}
