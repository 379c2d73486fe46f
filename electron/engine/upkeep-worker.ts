/** Entry of the thread for upkeep: it checks, copies and salvages whole databases, so that no thread in use waits for that. */
import { parentPort, workerData } from 'node:worker_threads';
import { ArchiveReader } from './archive/archive-reader.ts';
import { InvariantError } from './core/errors.ts';
import { serveOperations } from './core/rpc.ts';
import { copyDatabase, openDatabase, toStoreError, type Database } from './store/database.ts';
import { inspectDatabase } from './store/store-inspection.ts';
import { salvage } from './store/store-salvage.ts';
import type { UpkeepOperations, UpkeepWorkerData } from './upkeep-worker-contract.ts';

const { archiveDirectory, sqliteBinding } = workerData as UpkeepWorkerData;
const archive = new ArchiveReader(archiveDirectory);

const operations: UpkeepOperations = {
  inspect: (file) => using(file, true, (database) => inspectDatabase(database, sqliteBinding)),
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
