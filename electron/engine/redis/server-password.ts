import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { systemErrorCode } from '../core/errors.ts';

const PASSWORD_BYTES = 32;
const PASSWORD_PATTERN = /^[\w-]{43}$/;

/**
 * The password of the server: 32 random bytes in a 0600 file. It outlives the server, so that one which was left behind
 * by a crash can be talked to, and proves by accepting it that it is ours.
 */
export async function loadPassword(file: string): Promise<string> {
  const kept = await readPassword(file);
  if (kept !== null) return kept;
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  await writeFileAtomic(file, password);
  return password;
}

async function readPassword(file: string): Promise<string | null> {
  try {
    const text = await readFile(file, 'utf8');
    if (!PASSWORD_PATTERN.test(text)) return null;
    await chmod(file, 0o600);
    return text;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
