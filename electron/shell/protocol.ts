/**
 * The page's own scheme. In: a request for `app://bundle/…`. Out: a file of the renderer folder with the security headers,
 * or a refusal. Nothing outside that folder can be named, whatever the address looks like.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../engine/core/errors.ts';

export const APP_SCHEME = 'app';
export const APP_HOST = 'bundle';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;
export const APP_PAGE = `${APP_ORIGIN}/index.html`;

/** All data arrives by IPC, so the page may connect to nothing. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Only what a build of the window holds; any other kind of file is refused. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

export type BundleTarget =
  | { readonly kind: 'file'; readonly file: string; readonly contentType: string }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 | 405 };

/**
 * What an address of our scheme means. Pure: does not look at the disk.
 * @param directory absolute path of the renderer folder
 * @param paths path rules of the platform
 */
export function resolveBundleFile(
  directory: string,
  request: { readonly method: string; readonly url: string },
  paths: path.PlatformPath = path,
): BundleTarget {
  if (request.method !== 'GET') return { kind: 'refused', status: 405 };
  const address = URL.canParse(request.url) ? new URL(request.url) : null;
  if (address === null) return { kind: 'refused', status: 400 };
  if (address.protocol !== `${APP_SCHEME}:` || address.host !== APP_HOST) return { kind: 'refused', status: 404 };
  if (address.username !== '' || address.password !== '') return { kind: 'refused', status: 403 };

  const name = decodePath(address.pathname);
  if (name === null) return { kind: 'refused', status: 403 };
  const file = paths.resolve(directory, `.${name === '/' ? '/index.html' : name}`);
  if (!file.startsWith(directory + paths.sep)) return { kind: 'refused', status: 403 };
  const contentType = CONTENT_TYPES[paths.extname(file).toLowerCase()];
  return contentType === undefined ? { kind: 'refused', status: 404 } : { kind: 'file', file, contentType };
}

/** Null for what no file of ours is called: broken escapes, NUL, backslashes, drive letters and alternate streams. */
function decodePath(pathname: string): string | null {
  try {
    const name = decodeURIComponent(pathname);
    return /[\0\\:]/.test(name) || name.split('/').includes('..') ? null : name;
  } catch {
    return null;
  }
}

/** Answers a request of our scheme. Never throws. */
export async function serveBundle(directory: string, request: Request): Promise<Response> {
  const target = resolveBundleFile(directory, request);
  if (target.kind === 'refused') return refusal(target.status);
  try {
    return new Response(new Uint8Array(await readFile(target.file)), {
      headers: { ...SECURITY_HEADERS, 'Content-Type': target.contentType },
    });
  } catch (error) {
    return refusal(systemErrorCode(error) === null ? 500 : 404);
  }
}

const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

function refusal(status: number): Response {
  return new Response(null, { status, headers: SECURITY_HEADERS });
}
