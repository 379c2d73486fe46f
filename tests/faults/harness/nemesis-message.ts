/** What the process that does the harm tells its parent. */
import { z } from 'zod';
import { serverAddress } from './server-address.ts';

export const faultMessage = z.object({
  event: z.literal('fault'),
  kind: z.string(),
  kills: z.number(),
  /** From the fault until a line that was written after it is found; null when that was not waited for. */
  recoveredMs: z.number().nullable(),
});
export type FaultMessage = z.infer<typeof faultMessage>;

/** Holdfast and its Redis run and are left alone from now on. */
export const planDoneMessage = z.object({ event: z.literal('planDone'), server: serverAddress });

export const endedMessage = z.object({ event: z.literal('ended'), problems: z.array(z.string()) });

export type NemesisMessage = FaultMessage | z.infer<typeof planDoneMessage> | z.infer<typeof endedMessage>;
