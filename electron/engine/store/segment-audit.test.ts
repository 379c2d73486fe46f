import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchiveReader } from '../archive/archive-reader.ts';
import { SegmentAudit, type AuditPosition, type DamagedRange } from './segment-audit.ts';
import { StoreBed } from './test-support/store-bed.ts';
import { TRANSCRIPT, promptLine } from './test-support/transcript.ts';

const OTHER = TRANSCRIPT.replace(/[^/]+$/, 'other.jsonl');

function bedOf(segments: number): StoreBed {
  const bed = new StoreBed();
  for (let index = 0; index < segments; index += 1)
    bed.saveLines(TRANSCRIPT, [promptLine(`p${index}`, `Hello ${index}`)]);
  bed.saveLines(OTHER, [promptLine('q1', 'Hello')]);
  return bed;
}

function auditOf(bed: StoreBed): SegmentAudit {
  return new SegmentAudit(bed.database, new ArchiveReader(bed.archiveDirectory));
}

/** Everything, a slice at a time. */
function walk(audit: SegmentAudit, mostBytes: number): { slices: number; bytes: number; damaged: DamagedRange[] } {
  const walked = { slices: 0, bytes: 0, damaged: [] as DamagedRange[] };
  for (let at: AuditPosition | null = { generation: -1, start: -1 }; at !== null; walked.slices += 1) {
    const slice = audit.slice(at, mostBytes);
    walked.bytes += slice.bytes;
    walked.damaged.push(...slice.damaged);
    at = slice.next;
  }
  return walked;
}

describe('SegmentAudit', () => {
  it('reads everything once, in slices of whole segments', () => {
    using bed = bedOf(5);
    const audit = auditOf(bed);

    const [small, large] = [walk(audit, 1), walk(audit, 1_000_000)];

    // The last one finds nothing more.
    expect(small).toEqual({ slices: 7, bytes: audit.totalBytes(), damaged: [] });
    expect(large).toEqual({ slices: 2, bytes: audit.totalBytes(), damaged: [] });
  });

  it('tells the range, the source and the hash of what is not what was saved', () => {
    using bed = bedOf(3);
    const whole = bed.bytesOf(TRANSCRIPT);
    const file = path.join(bed.archiveDirectory, bed.archivePathOf(TRANSCRIPT));
    const segment = bed.segmentsOf(TRANSCRIPT, () => 1)[1]?.segment;
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(0, (segment?.start ?? 0) + 10);

    writeFileSync(file, bytes);

    expect(walk(auditOf(bed), 100).damaged).toEqual([
      {
        archivePath: bed.archivePathOf(TRANSCRIPT),
        sourcePath: `/home/ana/.claude/${TRANSCRIPT}`,
        start: segment?.start,
        end: segment?.end,
        sha256: segment?.sha256,
      },
    ]);
  });

  it('finds what was cut off, and a file that is gone', () => {
    using bed = bedOf(3);
    truncateSync(path.join(bed.archiveDirectory, bed.archivePathOf(TRANSCRIPT)), 5);
    rmSync(path.join(bed.archiveDirectory, bed.archivePathOf(OTHER)));

    expect(walk(auditOf(bed), 100).damaged).toHaveLength(4);
  });
});
