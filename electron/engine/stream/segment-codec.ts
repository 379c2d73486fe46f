/**
 * A segment as a Redis Stream entry. Fields, all text:
 *
 *     v 1   path <archive path>   kind lines|tail|blob   start <bytes>   end <bytes>   sha256 <64 hex digits>
 */
import { z } from 'zod';
import type { Segment } from '../../../shared/segment.ts';

const FORMAT = '1';

const offset = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const entrySchema = z
  .object({
    v: z.literal(FORMAT),
    path: z.string().min(1),
    kind: z.enum(['lines', 'tail', 'blob']),
    start: offset,
    end: offset,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .refine((entry) => entry.start <= entry.end);

/** @returns field, value, field, value … as XADD takes them */
export function encodeSegment(segment: Segment): string[] {
  return [
    ...['v', FORMAT, 'path', segment.archivePath, 'kind', segment.kind],
    ...['start', String(segment.start), 'end', String(segment.end), 'sha256', segment.sha256],
  ];
}

/** @returns null when the fields are not those of a segment: a damaged entry is an ordinary event */
export function decodeSegment(fields: readonly string[]): Segment | null {
  const entry: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) entry[fields[i] ?? ''] = fields[i + 1] ?? '';
  const result = entrySchema.safeParse(entry);
  if (!result.success) return null;
  const { path, kind, start, end, sha256 } = result.data;
  return { archivePath: path, kind, start, end, sha256 };
}
