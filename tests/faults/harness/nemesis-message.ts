/** What the process that does the harm tells its parent. */
import { z } from 'zod';

export const nemesisMessage = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('fault'),
    kind: z.string(),
    kills: z.number(),
    /** From the fault until a line that was written after it is found; null when that was not waited for. */
    recoveredMs: z.number().nullable(),
  }),
  /** Holdfast runs and is left alone from now on. */
  z.object({ event: z.literal('planDone') }),
  z.object({ event: z.literal('ended'), problems: z.array(z.string()) }),
]);
export type NemesisMessage = z.infer<typeof nemesisMessage>;
