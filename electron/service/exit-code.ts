import type { ErrorCode } from '../../shared/error-code.ts';
import { EngineError } from '../engine/core/errors.ts';
import { UsageError } from './serve-arguments.ts';

const TO_SET_RIGHT: readonly ErrorCode[] = [
  'CONFIG_INVALID',
  'CONFIG_VERSION_TOO_NEW',
  'DATA_FOLDER_UNWRITABLE',
  'NODE_TOO_OLD',
  'PORT_TAKEN',
  'SCHEMA_TOO_NEW',
];

/** Exit code of a program that could not start: 2 when a person has to set something right first, else 1. */
export function exitCodeFor(error: unknown): 1 | 2 {
  if (error instanceof UsageError) return 2;
  return error instanceof EngineError && TO_SET_RIGHT.includes(error.code) ? 2 : 1;
}

/** What to print for it: the sentence of an expected problem, and everything there is about a bug. */
export function startFailureText(error: unknown): string {
  if (error instanceof UsageError || error instanceof EngineError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
