import { execFile } from 'node:child_process';

export interface CommandResult {
  /** Null when the program could not be started or did not end in time. */
  readonly exitCode: number | null;
  readonly stdout: string;
}

/** Runs a short program without a shell and without a window; never rejects. */
export type RunCommand = (
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) => Promise<CommandResult>;

const TIMEOUT_MS = 5000;
const MOST_OUTPUT_BYTES = 256 * 1024;

export const runCommand: RunCommand = (file, args, env) =>
  new Promise((resolve) => {
    execFile(
      file,
      [...args],
      { env: { ...env }, timeout: TIMEOUT_MS, maxBuffer: MOST_OUTPUT_BYTES, windowsHide: true },
      (error, stdout) => {
        if (error === null) resolve({ exitCode: 0, stdout });
        else resolve({ exitCode: typeof error.code === 'number' ? error.code : null, stdout });
      },
    );
  });
