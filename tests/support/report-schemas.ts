/** What the command line prints with --json, as far as the tests read it. */
import { z } from 'zod';
import { AGENTS } from '../../shared/exchange.ts';

const failures = z.array(z.object({ path: z.string(), reason: z.string() }));

export const verifyReport = z.object({
  kind: z.literal('verify'),
  files: z.number(),
  bytes: z.number(),
  records: z.number(),
  exchanges: z.number(),
  subagentExchanges: z.number(),
  missing: z.number(),
  duplicated: z.number(),
  quarantined: z.number(),
  drift: z.number(),
  missingRecords: z.array(z.string()),
  unreadable: failures,
});
export type VerifyReport = z.infer<typeof verifyReport>;

export const importReport = z.object({
  kind: z.enum(['import', 'resync']),
  files: z.number(),
  bytes: z.number(),
  records: z.number(),
  exchanges: z.number(),
  subagentExchanges: z.number(),
  imported: z.number(),
  skipped: z.number(),
  failed: z.number(),
  newRecords: z.number(),
  quarantined: z.number(),
  failures,
  proof: verifyReport.nullable(),
});
export type ImportReport = z.infer<typeof importReport>;

export const restoreReport = z.object({
  kind: z.literal('restore'),
  written: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
  unchanged: z.array(z.string()),
  conflicts: z.array(z.string()),
});

export const exportedExchange = z.strictObject({
  id: z.string(),
  agent: z.enum(AGENTS),
  session_id: z.string(),
  session_ids: z.array(z.string()),
  project: z.string().nullable(),
  prompt: z.string(),
  answers: z.array(z.string()),
  tools: z.array(z.object({ name: z.string() })),
  state: z.enum(['open', 'complete', 'interrupted', 'error']),
  started_at: z.string().nullable(),
  is_subagent: z.boolean(),
});
export type ExportedExchange = z.infer<typeof exportedExchange>;

export const deadLetters = z.array(
  z.object({
    sourcePath: z.string().nullable(),
    start: z.number(),
    end: z.number(),
    reason: z.string(),
    state: z.string(),
  }),
);
export type DeadLetters = z.infer<typeof deadLetters>;
