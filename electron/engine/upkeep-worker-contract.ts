import type { Inspection } from './store/store-inspection.ts';
import type { SalvageReport } from './store/store-salvage.ts';

/** What the thread for upkeep is started with. */
export interface UpkeepWorkerData {
  readonly archiveDirectory: string;
  readonly sqliteBinding: string | null;
}

/** Operations of the thread that checks and copies databases, beside the ones that are in use. */
export type UpkeepOperations = {
  /** Reads everything of a database. */
  inspect(file: string): Inspection;
  /**
   * Reads everything of a copy that nobody has open, the index of full-text search against the texts included. An index that is
   * damaged is made anew in the copy.
   */
  inspectCopy(file: string): Inspection;
  /** Writes a whole, consistent copy; `target` must not be there. The copy is durable when this returns, its name is not. */
  copy(file: string, target: string): void;
  /** Creates the new database if needed, and takes over what can be read of the old one. */
  salvage(oldFile: string, file: string): SalvageReport;
  close(): void;
};
