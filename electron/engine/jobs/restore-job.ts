/**
 * Writes a session's files back as they were: transcript, subagents, spilled tool results. Never over a file with other
 * content, and never half: a file appears whole or not at all.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RestoreReport } from '../../../shared/status.ts';
import { syncDirectory } from '../core/atomic-file.ts';
import { EngineError, systemErrorCode } from '../core/errors.ts';
import type { JobWork } from './job-runner.ts';

export interface RestorableFile {
  readonly archivePath: string;
  /** Where it goes. Absolute. */
  readonly target: string;
  readonly sizeBytes: number;
  /** What it holds, where it does not stand in the archive as it is. */
  readonly content?: Buffer;
}

export interface RestorePorts {
  /** Files of the session, newest generation of each. Empty: nothing is archived of it. */
  files(): Promise<readonly RestorableFile[]>;
  read(archivePath: string, start: number, end: number): Promise<Buffer>;
}

const CHUNK_BYTES = 1024 * 1024;

export function restoreJob(ports: RestorePorts): JobWork {
  return async (progress, signal) => {
    const files = await ports.files();
    if (files.length === 0) {
      throw new EngineError('NOT_FOUND', 'Nothing of this session is in the archive; `holdfast list` shows what is.');
    }
    const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const written: RestoreReport['written'][number][] = [];
    const unchanged: string[] = [];
    const conflicts: string[] = [];
    let doneBytes = 0;
    for (const [index, file] of files.entries()) {
      signal.throwIfAborted();
      const result = await restoreFile(ports, file);
      if (result.outcome === 'written')
        written.push({ path: file.target, bytes: file.sizeBytes, sha256: result.sha256 });
      if (result.outcome === 'unchanged') unchanged.push(file.target);
      if (result.outcome === 'conflict') conflicts.push(file.target);
      doneBytes += file.sizeBytes;
      progress({ phase: 'writing', doneBytes, totalBytes, doneFiles: index + 1, totalFiles: files.length });
    }
    return { kind: 'restore', written, unchanged, conflicts };
  };
}

type Restored =
  { readonly outcome: 'written'; readonly sha256: string } | { readonly outcome: 'unchanged' | 'conflict' };

async function restoreFile(ports: RestorePorts, file: RestorableFile): Promise<Restored> {
  if (await isTaken(file.target)) return { outcome: await compare(file.target, await archivedHash(ports, file)) };
  await mkdir(path.dirname(file.target), { recursive: true, mode: 0o700 });
  const temporary = `${file.target}.${process.pid}.restoring`;
  try {
    const sha256 = await writeCopy(ports, file, temporary);
    try {
      await putInPlace(temporary, file.target);
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
      return { outcome: await compare(file.target, sha256) };
    }
    await syncDirectory(path.dirname(file.target));
    return { outcome: 'written', sha256 };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A link fails where a rename would replace a file that has appeared meanwhile. Error: EEXIST. */
async function putInPlace(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    // FAT and some network drives have no links. There a crash in this moment may leave a part of the file.
    if (!/^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK)$/.test(systemErrorCode(error) ?? '')) throw error;
    await copyFile(temporary, target, constants.COPYFILE_EXCL);
  }
}

async function writeCopy(ports: RestorePorts, file: RestorableFile, target: string): Promise<string> {
  const handle = await open(target, 'w', 0o600);
  try {
    const sha256 = await archivedHash(ports, file, (bytes) => handle.writeFile(bytes));
    await handle.sync();
    return sha256;
  } finally {
    await handle.close();
  }
}

/** @param use gets the bytes in order */
async function archivedHash(
  ports: RestorePorts,
  file: RestorableFile,
  use: (bytes: Buffer) => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < file.sizeBytes; at += CHUNK_BYTES) {
    const end = Math.min(at + CHUNK_BYTES, file.sizeBytes);
    const bytes = file.content?.subarray(at, end) ?? (await ports.read(file.archivePath, at, end));
    hash.update(bytes);
    await use(bytes);
  }
  return hash.digest('hex');
}

/** True if there is anything at all by that name, a folder or a link to nowhere included. */
async function isTaken(target: string): Promise<boolean> {
  try {
    await lstat(target);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function compare(target: string, sha256: string): Promise<'unchanged' | 'conflict'> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(target)) hash.update(chunk as Buffer);
  } catch (error) {
    if (!/^(EISDIR|ENOENT|ELOOP)$/.test(systemErrorCode(error) ?? '')) throw error;
    return 'conflict';
  }
  return hash.digest('hex') === sha256 ? 'unchanged' : 'conflict';
}
