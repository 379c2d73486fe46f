import { FIRST } from './0001-first.ts';
import { RECORD_VERSIONS } from './0002-record-versions.ts';

/** In order; the position is the schema version. Only ever add at the end. */
export const MIGRATIONS: readonly string[] = [FIRST, RECORD_VERSIONS];
