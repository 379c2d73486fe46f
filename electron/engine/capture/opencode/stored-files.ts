/** Gives the small files of an old store back from its mirror, byte for byte, as they were when they were seen last. */

/** Only what a store's reader takes in; a mirror that somebody has written to must not lead out of the folder. */
const FILE_OF_STORE = /^(?:session|message|part)\/[\w.-]+\/[\w.-]+\.json$/;

/** @param mirror whole file of a session @returns content by path below the store, with forward slashes */
export function storedFilesIn(mirror: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const line of mirror.toString('utf8').split('\n')) {
    const { file, data } = rowIn(line);
    if (typeof file !== 'string' || !FILE_OF_STORE.test(file) || file.includes('/..')) continue;
    const content = contentOf(data);
    if (content !== null) files.set(file, content);
  }
  return files;
}

function rowIn(line: string): { readonly file?: unknown; readonly data?: unknown } {
  try {
    const { row } = JSON.parse(line) as { readonly row?: { readonly file?: unknown; readonly data?: unknown } };
    return row ?? {};
  } catch {
    // The end of the file, or a line that a crash has cut: its row stands once more behind it.
    return {};
  }
}

function contentOf(data: unknown): Buffer | null {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  const bytes = typeof data === 'object' && data !== null && '$base64' in data ? data.$base64 : null;
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : null;
}
