/**
 * How a command line finds the running engine. The engine leaves `engine.json` with its address; whoever reads it asks
 * that address to prove that it knows the token before the token is ever sent there, since after a crash another program
 * may have taken the port.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { systemErrorCode } from '../core/errors.ts';
import { helloProof } from '../core/hello-proof.ts';
import { readApiToken } from './api-token.ts';
import { dataPaths } from './data-paths.ts';

const ANSWER_WITHIN_MS = 1000;

const recordSchema = z.object({
  pid: z.number().int().positive(),
  apiUrl: z.string().regex(/^http:\/\/127\.0\.0\.1:\d+$/),
  windowUrl: z.string().nullable(),
  startedAt: z.number(),
  version: z.string(),
});

/** Content of `engine.json`. `windowUrl` holds the token in its fragment, so the file is 0600. */
export type EngineRecord = Readonly<z.infer<typeof recordSchema>>;

/** An engine that has answered, with what is needed to call it. */
export interface RunningEngine {
  readonly record: EngineRecord;
  readonly token: string;
}

export async function writeEngineRecord(home: string, record: EngineRecord): Promise<void> {
  await writeFileAtomic(dataPaths(home).engineRecord, `${JSON.stringify(record)}\n`);
}

/** Removes the record of a stopping engine, unless another one has written its own meanwhile. Idempotent. */
export async function removeEngineRecord(home: string, pid: number): Promise<void> {
  const record = await readRecord(home);
  if (record !== null && record.pid === pid) await rm(dataPaths(home).engineRecord, { force: true });
}

/**
 * The engine that runs on this data folder, or null when none answers in time.
 * @param answerWithinMs default 1000
 */
export async function readRunningEngine(
  home: string,
  answerWithinMs: number = ANSWER_WITHIN_MS,
): Promise<RunningEngine | null> {
  const record = await readRecord(home);
  if (record === null) return null;
  const token = await readApiToken(dataPaths(home).apiToken);
  if (token === null) return null;
  return (await answers(record.apiUrl, token, answerWithinMs)) ? { record, token } : null;
}

const helloSchema = z.object({ proof: z.string().regex(/^[0-9a-f]{64}$/) });

async function answers(apiUrl: string, token: string, answerWithinMs: number): Promise<boolean> {
  const nonce = randomBytes(16).toString('hex');
  let body: unknown;
  try {
    const response = await fetch(`${apiUrl}/api/hello?nonce=${nonce}`, {
      signal: AbortSignal.timeout(answerWithinMs),
      redirect: 'error',
    });
    if (!response.ok) return false;
    body = await response.json();
  } catch {
    // Refused, reset, too slow or not ours: each means the same to the caller, nobody answers there.
    return false;
  }
  const hello = helloSchema.safeParse(body);
  if (!hello.success) return false;
  return timingSafeEqual(Buffer.from(hello.data.proof), Buffer.from(helloProof(token, nonce)));
}

async function readRecord(home: string): Promise<EngineRecord | null> {
  let text: string;
  try {
    text = await readFile(dataPaths(home).engineRecord, 'utf8');
  } catch (error) {
    // Missing, not ours to read, or no folder at all: there is no engine to talk to. Who wants to write there finds out why.
    if (systemErrorCode(error) !== null) return null;
    throw error;
  }
  const record = recordSchema.safeParse(parseOrNull(text));
  return record.success ? record.data : null;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
