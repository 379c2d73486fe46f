import { FIRST } from './0001-first.ts';

/** In order; the position is the schema version. Only ever add at the end. */
export const MIGRATIONS: readonly string[] = [FIRST];
