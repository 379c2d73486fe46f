import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { SourceScanner } from './source-scanner.ts';
import { CaptureBed } from './test-support/capture-bed.ts';
import { asOrdinaryUser } from './test-support/ordinary-user.ts';
import { write } from './test-support/source-files.ts';

const NEVER = new AbortController().signal;

async function scan(bed: CaptureBed, signal = NEVER) {
  const files: string[] = [];
  const folders: string[] = [];
  const skipped: Record<string, string> = {};
  const nameOf = (full: string): string => path.relative(bed.root.directory, full);
  const scanner = new SourceScanner({
    directory: (directory) => folders.push(nameOf(directory)),
    file: (file) => files.push(nameOf(file)),
    skipped: (name, reason) => {
      skipped[nameOf(name)] = reason;
    },
  });
  const isThere = await scanner.scanRoot(bed.root, signal);
  return { isThere, files: files.sort(), folders, skipped };
}

describe('SourceScanner', () => {
  it('finds every file below the folders of the agent, and no other', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s', 'a'), 'x');
    await write(path.join(bed.projects, 'a', 's', 'subagents', 'agent-1.jsonl'), 'x');
    await write(path.join(bed.root.directory, 'history.jsonl'), 'x');
    await write(path.join(bed.root.directory, 'todos', 't.jsonl'), 'x');

    const { isThere, files, folders, skipped } = await scan(bed);

    expect(isThere).toBe(true);
    expect(files).toEqual(['history.jsonl', 'projects/a/s.jsonl', 'projects/a/s/subagents/agent-1.jsonl']);
    expect(folders).toEqual(['', 'projects', 'projects/a', 'projects/a/s', 'projects/a/s/subagents']);
    expect(skipped).toEqual({});
  });

  it('says that a root is not there', async () => {
    await using bed = await CaptureBed.create();

    expect(await scan(bed)).toEqual({ isThere: false, files: [], folders: [], skipped: {} });
  });

  it('follows no link below the root, and names what it passes over among the transcripts', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s', 'a'), 'x');
    await symlink(bed.projects, path.join(bed.projects, 'a', 'loop'));
    await symlink('/etc/hostname', bed.session('link', 'a'));
    await symlink('/etc/hostname', path.join(bed.projects, 'a', 'notes.md'));
    execFileSync('mkfifo', [bed.session('fifo', 'a')]);

    const { files, skipped } = await scan(bed);

    expect(files).toEqual(['projects/a/s.jsonl']);
    expect(skipped).toEqual({ 'projects/a/link.jsonl': 'a link', 'projects/a/fifo.jsonl': 'not a regular file' });
  });

  it('takes a root and its projects/ that lie on another disk', async () => {
    await using bed = await CaptureBed.create();
    const elsewhere = path.join(bed.directory, 'elsewhere');
    await write(path.join(elsewhere, 'p', 's.jsonl'), 'x');
    await mkdir(bed.root.directory);
    await symlink(elsewhere, bed.projects);

    expect((await scan(bed)).files).toEqual(['projects/p/s.jsonl']);
  });

  it('names a folder that it may not read, and goes on with the others', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s', 'closed'), 'x');
    await write(bed.session('s', 'open'), 'x');
    await chmod(path.join(bed.projects, 'closed'), 0o000);

    const found = await asOrdinaryUser(bed.directory, () => scan(bed));
    await chmod(path.join(bed.projects, 'closed'), 0o700);

    expect(found.files).toEqual(['projects/open/s.jsonl']);
    expect(found.skipped).toEqual({ 'projects/closed': 'EACCES' });
  });

  it('stops at a depth that no agent reaches', async () => {
    await using bed = await CaptureBed.create();
    const deep = Array.from({ length: 20 }, (_, index) => `d${index}`);
    await write(path.join(bed.projects, ...deep, 's.jsonl'), 'x');

    const { files, skipped } = await scan(bed);

    expect(files).toEqual([]);
    expect(Object.values(skipped)).toEqual(['nested too deeply']);
  });

  it('stops when it is aborted', async () => {
    await using bed = await CaptureBed.create();
    await write(bed.session('s', 'a'), 'x');

    await expect(scan(bed, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
