import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../core/atomic-file.ts';
import { ConfigError, systemErrorCode } from '../core/errors.ts';

/**
 * Makes sure that the data folder is there (created with mode 0700) and really takes a file: permissions alone do not
 * tell on a read-only or full disk. Errors: DATA_FOLDER_UNWRITABLE.
 */
export async function prepareHome(home: string): Promise<void> {
  try {
    const firstMade = await mkdir(home, { recursive: true, mode: 0o700 });
    await makeNamesDurable(home, firstMade ?? home);
    await writeProbe(path.join(home, `.write-probe-${String(process.pid)}`));
  } catch (error) {
    throw new ConfigError(
      'DATA_FOLDER_UNWRITABLE',
      `Holdfast cannot write to its data folder ${home} (${plainReason(systemErrorCode(error))}): ` +
        'nothing can be recorded until that is put right or HOLDFAST_HOME names another folder.',
      { cause: error, context: { home } },
    );
  }
}

/**
 * A power cut that takes the folder's own name takes all that was saved in it. Done at each start: an earlier one may have
 * ended between making and syncing.
 * @param firstMade the highest folder that was made now
 */
async function makeNamesDurable(home: string, firstMade: string): Promise<void> {
  for (let folder = home; ; folder = path.dirname(folder)) {
    try {
      await syncDirectory(path.dirname(folder));
    } catch (error) {
      // A parent that we may pass through and not read was there before us.
      if (systemErrorCode(error) !== 'EACCES') throw error;
    }
    if (folder === firstMade || folder === path.dirname(folder)) return;
  }
}

async function writeProbe(probe: string): Promise<void> {
  try {
    const handle = await open(probe, 'w', 0o600);
    try {
      await handle.writeFile('probe');
      await handle.sync();
    } finally {
      await handle.close();
    }
  } finally {
    await rm(probe, { force: true });
  }
}

function plainReason(code: string | null): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'this account has no permission there';
    case 'EROFS':
      return 'the disk is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file is in the place of a folder';
    case null:
      return 'unknown reason';
    default:
      return code;
  }
}
