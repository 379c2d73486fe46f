import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RestoreReport } from '../../../shared/status.ts';
import { Archive } from '../archive/archive.ts';
import { restoreJob, type RestorableFile, type RestorePorts } from './restore-job.ts';

const NEVER = new AbortController().signal;

/** A real archive with one session of three files, and an empty folder to restore into. */
class RestoreBed implements Disposable {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-restore-'));
  readonly target = path.join(this.directory, 'target');
  readonly archive = new Archive(path.join(this.directory, 'archive'));
  readonly contents = new Map([
    ['projects/x/one.jsonl', Buffer.from('{"a":1}\n{"unfinished')],
    ['projects/x/one/tool-results/big.txt', Buffer.alloc(2_500_000, 'no newline, \xff and \0')],
    ['projects/x/one/subagents/agent-1.jsonl', Buffer.alloc(0)],
  ]);

  constructor() {
    for (const [name, bytes] of this.contents) {
      const file = this.archive.fileOf(`claude-code/root/${name}`);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
  }

  targetOf(name: string): string {
    return path.join(this.target, name);
  }

  put(name: string, content: string | Buffer): void {
    mkdirSync(path.dirname(this.targetOf(name)), { recursive: true });
    writeFileSync(this.targetOf(name), content);
  }

  files(): Promise<readonly RestorableFile[]> {
    return Promise.resolve(
      [...this.contents].map(([name, bytes]) => ({
        archivePath: `claude-code/root/${name}`,
        target: this.targetOf(name),
        sizeBytes: bytes.length,
      })),
    );
  }

  async restore(change: Partial<RestorePorts> = {}, signal = NEVER): Promise<RestoreReport> {
    const read = this.archive.read.bind(this.archive);
    const report = await restoreJob({ files: () => this.files(), read, ...change })(() => undefined, signal);
    if (report.kind !== 'restore') throw new Error('another report');
    return report;
  }

  /** Every file below the target folder. */
  restored(): readonly string[] {
    return readdirSync(this.target, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => path.relative(this.target, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
      .sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

const MAIN = 'projects/x/one.jsonl';

describe('restoreJob', () => {
  it('writes every file back byte for byte, private, and nothing else', async () => {
    using bed = new RestoreBed();

    const report = await bed.restore();

    expect(bed.restored()).toEqual([...bed.contents.keys()].sort());
    for (const [name, bytes] of bed.contents) expect(readFileSync(bed.targetOf(name)).equals(bytes)).toBe(true);
    expect(report.written).toEqual(
      [...bed.contents].map(([name, bytes]) => ({
        path: bed.targetOf(name),
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      })),
    );
    expect(statSync(bed.targetOf(MAIN)).mode & 0o077).toBe(process.platform === 'win32' ? 0o066 : 0);
  });

  it('leaves alone what is there: the same stays unchanged, another is a conflict', async () => {
    using bed = new RestoreBed();
    await bed.restore();
    bed.put(MAIN, 'something that the person wrote since');
    const before = statSync(bed.targetOf('projects/x/one/tool-results/big.txt')).mtimeMs;

    const report = await bed.restore();

    expect(report.written).toEqual([]);
    expect(report.conflicts).toEqual([bed.targetOf(MAIN)]);
    expect(report.unchanged).toHaveLength(2);
    expect(readFileSync(bed.targetOf(MAIN), 'utf8')).toBe('something that the person wrote since');
    expect(statSync(bed.targetOf('projects/x/one/tool-results/big.txt')).mtimeMs).toBe(before);
    expect(bed.restored()).toEqual([...bed.contents.keys()].sort());
  });

  it('does not replace a folder or a link that leads nowhere', async () => {
    using bed = new RestoreBed();
    mkdirSync(bed.targetOf(MAIN), { recursive: true });
    mkdirSync(path.dirname(bed.targetOf('projects/x/one/subagents/agent-1.jsonl')), { recursive: true });
    symlinkSync('nowhere', bed.targetOf('projects/x/one/subagents/agent-1.jsonl'));

    const report = await bed.restore();

    expect(report.conflicts).toEqual([bed.targetOf(MAIN), bed.targetOf('projects/x/one/subagents/agent-1.jsonl')]);
    expect(report.written).toHaveLength(1);
  });

  it.each([
    ['another content', 'mine', 'conflict'],
    ['the same content', '{"a":1}\n{"unfinished', 'unchanged'],
  ] as const)('does not replace a file with %s that appears while it writes', async (_name, content, outcome) => {
    using bed = new RestoreBed();
    const read: RestorePorts['read'] = async (archivePath, start, end) => {
      if (archivePath.endsWith(MAIN)) bed.put(MAIN, content);
      return await bed.archive.read(archivePath, start, end);
    };

    const report = await bed.restore({ read });

    expect(readFileSync(bed.targetOf(MAIN), 'utf8')).toBe(content);
    expect(outcome === 'conflict' ? report.conflicts : report.unchanged).toEqual([bed.targetOf(MAIN)]);
    expect(bed.restored()).toEqual([...bed.contents.keys()].sort());
  });

  it('leaves no half file when the archive cannot be read to the end', async () => {
    using bed = new RestoreBed();
    const files = async (): Promise<readonly RestorableFile[]> =>
      (await bed.files()).map((file) => ({ ...file, sizeBytes: file.sizeBytes + 1 }));

    await expect(bed.restore({ files })).rejects.toMatchObject({ code: 'ARCHIVE_MISMATCH' });

    expect(bed.restored()).toEqual([]);
  });

  it('can be cancelled between two files', async () => {
    using bed = new RestoreBed();
    const cancel = new AbortController();
    const read: RestorePorts['read'] = (archivePath, start, end) => {
      cancel.abort();
      return bed.archive.read(archivePath, start, end);
    };

    await expect(bed.restore({ read }, cancel.signal)).rejects.toMatchObject({ name: 'AbortError' });

    expect(bed.restored()).toEqual([MAIN]);
  });

  it('says so when nothing of the session is archived', async () => {
    using bed = new RestoreBed();

    await expect(bed.restore({ files: () => Promise.resolve([]) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
