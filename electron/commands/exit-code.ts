import type { ErrorCode } from '../../shared/error-code.ts';

/** Exit codes of every command; see `holdfast help`. */
export const EXIT = { ok: 0, failed: 1, misconfigured: 2, notRunning: 3, interrupted: 130 } as const;

/** What a person has to set right before anything can work. */
const TO_SET_RIGHT: ReadonlySet<ErrorCode> = new Set([
  'CONFIG_INVALID',
  'CONFIG_VERSION_TOO_NEW',
  'DATA_FOLDER_UNWRITABLE',
  'NODE_TOO_OLD',
  'PORT_TAKEN',
  'SCHEMA_TOO_NEW',
  'IPC_BAD_ARGUMENT',
]);

export function exitCodeOf(code: ErrorCode): number {
  if (code === 'ENGINE_NOT_RUNNING') return EXIT.notRunning;
  if (code === 'JOB_CANCELLED') return EXIT.interrupted;
  return TO_SET_RIGHT.has(code) ? EXIT.misconfigured : EXIT.failed;
}

export const EXIT_CODE_HELP = `
Exit codes: 0 done; 1 failed, or something is missing, duplicated or in conflict; 2 wrong usage or settings;
3 Holdfast is not running; 130 interrupted.`;
