/** What the oracle tells its parent. */
import { z } from 'zod';

export const verdict = z.object({
  /** That are owed. */
  exchanges: z.number(),
  lost: z.array(z.string()),
  duplicated: z.array(z.string()),
  wrong: z.array(z.string()),
});
export type Verdict = z.infer<typeof verdict>;
