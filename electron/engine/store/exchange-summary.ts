import type { ExchangeSummary } from '../../../shared/exchange.ts';
import type { EpochMs } from '../../../shared/time.ts';
import { stateOf } from './exchange-table.ts';

export interface SummaryRow {
  readonly key: string;
  readonly session: string;
  readonly title: string;
  readonly project: string | null;
  readonly started_at: EpochMs | null;
  readonly saved_at: EpochMs;
  readonly revision: number;
  readonly state: string;
  readonly is_subagent: number;
}

export const TITLE_LENGTH = 200;

/** Columns of {@link SummaryRow}, from `exchange e JOIN session s`. */
export const SUMMARY_COLUMNS = `e.key, s.native_id AS session, substr(e.prompt, 1, ${TITLE_LENGTH}) AS title, e.project, e.started_at,
  e.saved_at, e.revision, e.state, e.is_subagent`;

export function summaryOf(row: SummaryRow): ExchangeSummary {
  return {
    key: row.key,
    sessionId: row.session,
    title: row.title,
    project: row.project,
    startedAt: row.started_at,
    savedAt: row.saved_at,
    revision: row.revision,
    state: stateOf(row.state),
    isSubagent: row.is_subagent === 1,
  };
}
