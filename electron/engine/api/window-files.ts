import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

/** A file of the status window, ready to be sent. */
export interface WindowFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly content: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
};

/** The build puts a hash of the content into these names. */
const HASHED_NAME = /^\/assets\/.+-[\w-]{8,}\.\w+$/;

/**
 * The built window. Files are listed once, and only what is on the list is ever opened: a path from outside is looked up,
 * never resolved, so it cannot lead out of the folder. Links are not listed.
 */
export class WindowFiles {
  readonly #files: ReadonlyMap<string, string>;

  private constructor(files: ReadonlyMap<string, string>) {
    this.#files = files;
  }

  static async list(directory: string): Promise<WindowFiles> {
    const files = new Map<string, string>();
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      files.set(`/${path.relative(directory, file).split(path.sep).join('/')}`, file);
    }
    return new WindowFiles(files);
  }

  /**
   * @param pathname path of the URL, still percent-encoded; `/` is the window itself
   * @returns null when there is no such file
   */
  async read(pathname: string): Promise<WindowFile | null> {
    const name = pathname === '/' ? '/index.html' : decodeOrNull(pathname);
    const file = name === null ? undefined : this.#files.get(name);
    if (name === null || file === undefined) return null;
    return {
      contentType: CONTENT_TYPES[path.extname(name).toLowerCase()] ?? 'application/octet-stream',
      cacheControl: HASHED_NAME.test(name) ? 'private, max-age=31536000, immutable' : 'no-store',
      content: await readFile(file),
    };
  }
}

function decodeOrNull(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}
