/** Entry of the thread for upkeep: it checks, copies and salvages whole databases, so that no thread in use waits for that. */
import { parentPort, workerData } from 'node:worker_threads';
import { ArchiveReader } from './archive/archive-reader.ts';
import { EngineError, InvariantError } from './core/errors.ts';
import { serveOperations } from './core/rpc.ts';
import {
  checkSearchIndex,
  copyDatabase,
  openDatabase,
  rebuildSearchIndex,
  toStoreError,
  type Database,
} from './store/database.ts';
import { inspectDatabase, type Inspection } from './store/store-inspection.ts';
import { salvage } from './store/store-salvage.ts';
import type { UpkeepOperations, UpkeepWorkerData } from './upkeep-worker-contract.ts';

const { archiveDirectory, sqliteBinding } = workerData as UpkeepWorkerData;
const archive = new ArchiveReader(archiveDirectory);

const operations: UpkeepOperations = {
  inspect: (file) => findingDamage(() => using(file, true, (database) => inspectDatabase(database, sqliteBinding))),
  inspectCopy: (file) => findingDamage(() => using(file, false, inspectCopy)),
  copy: (file, target) => {
    using(file, true, (database) => {
      copyDatabase(database, target);
    });
  },
  salvage: (oldFile, file) =>
    using(file, false, (database) =>
      salvage(oldFile, database, sqliteBinding, (archivePath) => archive.sizeOf(archivePath) !== null),
    ),
  close: () => undefined,
};

/** A file that cannot even be opened has been inspected. */
function findingDamage(inspect: () => Inspection): Inspection {
  try {
    return inspect();
  } catch (error) {
    const known = toStoreError(error);
    if (!(known instanceof EngineError) || known.code !== 'STORE_CORRUPT') throw error;
    return { findings: [{ part: 'structure', detail: known.message }], exchanges: 0, records: 0, sessions: 0 };
  }
}

function inspectCopy(database: Database): Inspection {
  const inspection = inspectDatabase(database, sqliteBinding);
  try {
    if (inspection.findings.length === 0) checkSearchIndex(database);
    return inspection;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    rebuildSearchIndex(database);
    return { ...inspection, findings: [{ part: 'search-index', detail: error.message }] };
  }
}

function using<T>(file: string, readonly: boolean, work: (database: Database) => T): T {
  const database = openDatabase(file, { nativeBinding: sqliteBinding, readonly });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

if (parentPort === null) throw new InvariantError('the upkeep worker runs as a worker thread');
serveOperations(parentPort, operations, toStoreError);
parentPort.postMessage({ ready: true });
