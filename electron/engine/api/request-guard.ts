import { createHash, timingSafeEqual } from 'node:crypto';
import type { Topic } from '../../../shared/ipc.ts';
import { REQUESTS } from '../../../shared/ipc.ts';

/**
 * True when the request was meant for this server. A foreign `Host` is a page that had its name resolve to 127.0.0.1, a
 * foreign `Origin` is a page of another site that calls us; programs send no `Origin` at all.
 */
export function isAddressedToUs(host: string | undefined, origin: string | undefined, port: number): boolean {
  const names = [`127.0.0.1:${String(port)}`, `localhost:${String(port)}`];
  // Browsers leave the default port out.
  if (port === 80) names.push('127.0.0.1', 'localhost');
  if (host === undefined || !names.includes(host.toLowerCase())) return false;
  return origin === undefined || names.some((name) => origin === `http://${name}`);
}

/** Compares in constant time, so that the token cannot be guessed byte by byte. */
export function hasToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

/**
 * True for a call that only the command line may make. The window shows text of strangers, so even its own code cannot
 * name a path to read or write: should a page ever be led astray, there is nothing to gain here.
 */
export function isBarredForWindow(topic: Topic, args: unknown): boolean {
  if (REQUESTS[topic].audience === 'cli') return true;
  if (topic !== 'jobs.start' || typeof args !== 'object' || args === null) return false;
  // What puts the database aside is asked for, and confirmed, where it was typed.
  if ('kind' in args && (args.kind === 'rebuild' || args.kind === 'backup-restore')) return true;
  const namesPaths = 'paths' in args && Array.isArray(args.paths) && args.paths.length > 0;
  const namesTarget = 'to' in args && args.to !== null;
  return namesPaths || namesTarget;
}

/** Digests have equal lengths, which the comparison demands. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
