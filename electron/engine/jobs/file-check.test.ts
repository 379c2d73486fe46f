import { appendFileSync, chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchiveReader } from '../archive/archive-reader.ts';
import { ClaudeCodeAdapter } from '../parse/agents/claude-code.ts';
import { replayLine } from '../parse/line-replay.ts';
import { StoreBed } from '../store/test-support/store-bed.ts';
import { TRANSCRIPT, answerLine, promptLine } from '../store/test-support/transcript.ts';
import { checkFile, type FileCheck, type FileToCheck } from './file-check.ts';

const MAX_LINE_BYTES = 2000;
const LINES = [promptLine('p1', 'Name a river.'), answerLine('a1', 'p1', 'The Danube.')] as const;

/** A real archive and a real database, and a source beside them. */
class CheckBed extends StoreBed {
  readonly sourcePath = path.join(this.directory, 'source.jsonl');

  constructor() {
    super({ maxLineBytes: MAX_LINE_BYTES });
  }

  writeSource(content: string | Buffer): void {
    writeFileSync(this.sourcePath, content);
  }

  check(file: Partial<FileToCheck> = {}): FileCheck {
    const archive = new ArchiveReader(this.archiveDirectory);
    const adapter = new ClaudeCodeAdapter();
    return checkFile(
      { archivePath: this.archivePathOf(TRANSCRIPT), sourcePath: this.sourcePath, kind: 'lines', ...file },
      {
        archiveSize: (archivePath) => archive.sizeOf(archivePath),
        readChunks: archive.readChunks.bind(archive),
        parseLine: (archivePath, line, place) =>
          replayLine(adapter, line, adapter.contextOf(archivePath, TRANSCRIPT), place),
        parseDocument: () => adapter.parseDocument(),
        hasRecord: (_archivePath, key) => this.audit.hasRecord('claude-code', key),
        isSetAside: (archivePath, at) => this.audit.isSetAside(archivePath, at),
        maxLineBytes: MAX_LINE_BYTES,
      },
    );
  }
}

const WHOLE = `${LINES[0]}\n${LINES[1]}\n`;

describe('checkFile', () => {
  it('finds nothing missing of a transcript that is saved', () => {
    using bed = new CheckBed();
    bed.saveLines(TRANSCRIPT, LINES);
    bed.writeSource(WHOLE);

    expect(bed.check()).toEqual({
      bytes: WHOLE.length,
      records: 2,
      quarantined: 0,
      missingFrom: null,
      missingRecords: [],
      unreadable: null,
    });
  });

  it('says from which byte on the archive lacks what the source has', () => {
    using bed = new CheckBed();
    bed.saveLines(TRANSCRIPT, LINES);

    bed.writeSource(`${WHOLE}more`);
    expect(bed.check()).toMatchObject({ missingFrom: WHOLE.length, bytes: WHOLE.length + 4 });
    bed.writeSource(WHOLE.replace('river', 'rover'));
    expect(bed.check().missingFrom).toBe(WHOLE.indexOf('river') + 1);
  });

  it('finds a difference behind the first megabyte', () => {
    using bed = new CheckBed();
    const content = Buffer.alloc(3 * 1024 * 1024, `${'x'.repeat(1023)}\n`);
    bed.append(TRANSCRIPT, content);
    const at = 2 * 1024 * 1024 + 17;
    bed.writeSource(Buffer.concat([content.subarray(0, at), Buffer.from('?'), content.subarray(at + 1)]));

    expect(bed.check({ kind: 'blob' }).missingFrom).toBe(at);
  });

  it('calls a source of which nothing is archived missing from its first byte', () => {
    using bed = new CheckBed();
    bed.writeSource(WHOLE);

    expect(bed.check()).toMatchObject({ missingFrom: 0, bytes: WHOLE.length, records: 0 });
  });

  it('does not miss what a source has lost', () => {
    using bed = new CheckBed();
    bed.saveLines(TRANSCRIPT, LINES);
    bed.writeSource(WHOLE.slice(0, 10));

    expect(bed.check()).toMatchObject({ missingFrom: null, records: 2, bytes: WHOLE.length });
    expect(bed.check({ sourcePath: null })).toMatchObject({ missingFrom: null, records: 2 });
    expect(bed.check({ sourcePath: path.join(bed.directory, 'gone') })).toMatchObject({
      missingFrom: null,
      unreadable: null,
    });
  });

  it('says why a source cannot be read', () => {
    using bed = new CheckBed();
    bed.saveLines(TRANSCRIPT, LINES);
    const below = path.join(bed.sourcePath, 'below-a-file');
    bed.writeSource(WHOLE);
    chmodSync(bed.sourcePath, 0o600);

    expect(bed.check({ sourcePath: below })).toMatchObject({ unreadable: 'ENOTDIR', missingFrom: null });
  });

  it('names archived records that are not in the database', () => {
    using bed = new CheckBed();
    bed.saveLines(TRANSCRIPT, LINES);
    bed.append(TRANSCRIPT, `${promptLine('p2', 'Never saved')}\nnever set aside\n`);

    const { missingRecords, records } = bed.check({ sourcePath: null });

    expect(records).toBe(3);
    expect(missingRecords[0]).toBe('p2');
    expect(missingRecords[1]).toMatch(/\.jsonl@\d+$/);
    expect(missingRecords).toHaveLength(2);
  });

  it('counts lines that were set aside, and those that are too long', () => {
    using bed = new CheckBed();
    bed.saveLines(TRANSCRIPT, [LINES[0], 'bad', 'y'.repeat(MAX_LINE_BYTES + 1), '', LINES[1]]);

    expect(bed.check({ sourcePath: null })).toMatchObject({ records: 2, quarantined: 2, missingRecords: [] });
  });

  it('counts the good lines of a segment that was set aside as a whole among those', () => {
    using bed = new CheckBed();
    bed.append(TRANSCRIPT, WHOLE);
    const [segment] = bed.segmentsOf(TRANSCRIPT);
    if (segment === undefined) throw new Error('no segment');
    bed.saver.setAside(segment, 'INTERNAL');

    expect(bed.check({ sourcePath: null })).toMatchObject({ records: 2, quarantined: 2, missingRecords: [] });
  });

  it('lets an unfinished last line be, until it was set aside', () => {
    using bed = new CheckBed();
    bed.saveLines(TRANSCRIPT, LINES);
    const tail = '{"type":"user","unfin';
    bed.append(TRANSCRIPT, tail);
    bed.writeSource(WHOLE);
    appendFileSync(bed.sourcePath, tail);

    expect(bed.check()).toMatchObject({ missingFrom: null, missingRecords: [], quarantined: 0 });
    bed.saveRange(TRANSCRIPT, WHOLE.length, WHOLE.length + tail.length, 'tail');
    expect(bed.check()).toMatchObject({ missingRecords: [], quarantined: 1 });
  });
});
