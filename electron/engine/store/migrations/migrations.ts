import { FIRST } from './0001-first.ts';
import { RECORD_VERSIONS } from './0002-record-versions.ts';
import { SEARCH } from './0003-search.ts';
import { UPKEEP } from './0004-upkeep.ts';

/** In order; the position is the schema version. Only ever add at the end. */
export const MIGRATIONS: readonly string[] = [FIRST, RECORD_VERSIONS, SEARCH, UPKEEP];
