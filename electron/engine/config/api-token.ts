import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { ConfigError, systemErrorCode } from '../core/errors.ts';

const TOKEN_BYTES = 32;
const TOKEN_FORM = /^[0-9a-f]{64}$/;

/** The token of the loopback API, 64 hex digits; null when none was made yet. Errors: CONFIG_INVALID. */
export async function readApiToken(file: string): Promise<string | null> {
  let token: string;
  try {
    token = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw unusable(file, error);
  }
  if (!TOKEN_FORM.test(token)) throw unusable(file);
  return token;
}

/** The token, made on first use in a file that only its owner may read. Errors: CONFIG_INVALID. */
export async function ensureApiToken(file: string): Promise<string> {
  const existing = await readApiToken(file);
  if (existing !== null) return existing;
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  const temporary = `${file}.${String(process.pid)}.tmp`;
  try {
    // Synced before it gets its name: an empty file after a power cut would be refused at every start.
    await writeFile(temporary, `${token}\n`, { mode: 0o600, flush: true });
    // A link, not a rename: of two programs that start together the first one's token stays.
    await link(temporary, file);
    return token;
  } catch (error) {
    const other = await readApiToken(file);
    if (other !== null) return other;
    throw unusable(file, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

function unusable(file: string, cause?: unknown): ConfigError {
  return new ConfigError(
    'CONFIG_INVALID',
    `The token file ${file} cannot be used: stop Holdfast, remove the file and start again; a new one is made.`,
    { cause, context: { file } },
  );
}
