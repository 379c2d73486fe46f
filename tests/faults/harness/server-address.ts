import { z } from 'zod';

/** Where a Redis is, and as whom to ask it. */
export const serverAddress = z.union([
  z.object({ path: z.string(), username: z.string(), password: z.string() }).readonly(),
  z.object({ host: z.string(), port: z.number(), password: z.string() }).readonly(),
]);
export type ServerAddress = z.infer<typeof serverAddress>;
