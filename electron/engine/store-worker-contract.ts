import type { ExchangePage, RecordBodies, SessionDetail } from '../../shared/ipc.ts';
import type { Agent, ExchangeSummary, SearchHit, SessionSummary } from '../../shared/exchange.ts';
import type { ArchiveDamage, DeadLetter } from '../../shared/status.ts';
import type { EpochMs } from '../../shared/time.ts';
import type { FileCheck, FileToCheck } from './jobs/file-check.ts';
import type { SearchRequest } from './store/conversation-search.ts';
import type { MinuteRow, StoreCounts, StoredGeneration } from './store/store-figures.ts';
import type { AuditPosition, AuditSlice } from './store/segment-audit.ts';
import type { SaveResult, SegmentToSave } from './store/segment-saver.ts';
import type { UpkeepState } from './store/upkeep-table.ts';

/** What a worker is started with. */
export interface StoreWorkerData {
  readonly role: 'writer' | 'reader';
  readonly databaseFile: string;
  readonly archiveDirectory: string;
  readonly sqliteBinding: string | null;
}

/** Operations of the one thread that writes. */
export type WriterOperations = {
  /** For the start, which does not have to wait for another thread then. */
  positions(): StoredGeneration[];
  save(batch: readonly SegmentToSave[]): SaveResult;
  setAside(item: SegmentToSave, reason: string): SaveResult;
  forgetPositions(archivePaths: readonly string[]): number;
  countErrors(count: number): void;
  retryDeadLetters(id: number | null): { readonly count: number; readonly archivePaths: readonly string[] };
  discardDeadLetters(id: number | null): number;
  /** Brings the index of parts of words up to date, some exchanges at a time. @returns how many; 0: nothing is left */
  indexParts(most: number): number;
  /** Makes the index of full-text search anew from the exchanges. */
  rebuildSearch(): void;
  keepScrub(state: string): void;
  noteDamage(range: ArchiveDamage, repairedAt: EpochMs | null): void;
  close(): void;
};

/** What the store alone can say about itself in a proof. */
export interface StoreProof {
  readonly exchanges: number;
  readonly subagentExchanges: number;
  readonly duplicated: number;
  readonly drift: number;
}

/** Operations of the threads that only read. */
export type ReaderOperations = {
  positions(): StoredGeneration[];
  counts(now: EpochMs): StoreCounts;
  minutes(since: EpochMs): MinuteRow[];
  recent(limit: number): ExchangeSummary[];
  sessions(limit: number, offset: number, project: string | null): SessionSummary[];
  session(session: string): SessionDetail;
  page(after: number, limit: number): ExchangePage;
  search(request: SearchRequest): SearchHit[];
  /** Bodies of tools, from the archive. Error: ARCHIVE_MISMATCH when it does not hold what the database says. */
  bodies(agent: Agent, records: readonly string[]): RecordBodies[];
  deadLetters(limit: number): DeadLetter[];
  captureGap(now: EpochMs): number;
  checkFile(file: FileToCheck): FileCheck | Promise<FileCheck>;
  proof(): StoreProof;
  upkeepState(): UpkeepState;
  archivedBytes(): number;
  auditArchive(after: AuditPosition, mostBytes: number): AuditSlice;
  close(): void;
};
