import type { Segment } from '../../../../shared/segment.ts';

/** The nth segment of a transcript whose segments are all of the same size. */
export function segmentAt(index: number, change: Partial<Segment> = {}): Segment {
  return {
    archivePath: 'claude-code/claude-00000000/projects/-home-ana/session.jsonl',
    kind: 'lines',
    start: index * 100,
    end: (index + 1) * 100,
    sha256: index.toString(16).padStart(64, '0'),
    ...change,
  };
}

/** `count` segments in their order, from the one with index `from`. */
export function segmentsFrom(from: number, count: number): Segment[] {
  return Array.from({ length: count }, (_, index) => segmentAt(from + index));
}
