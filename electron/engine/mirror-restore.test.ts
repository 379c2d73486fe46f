import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ArchiveReader } from './archive/archive-reader.ts';
import { MirrorHashes } from './capture/opencode/mirror-lines.ts';
import { checkStore } from './capture/opencode/store-check.ts';
import { OpencodeBed } from './capture/opencode/test-support/opencode-bed.ts';
import { OpencodeStore } from './capture/opencode/test-support/opencode-store.ts';
import { restoreJob } from './jobs/restore-job.ts';
import { restorableFiles } from './source-inventory.ts';
import type { StoredGeneration } from './store/store-figures.ts';

const SESSION = 'ses_one';

function positionsOf(bed: OpencodeBed): readonly StoredGeneration[] {
  return bed.figures
    .positions()
    .map((row) => ({ ...row, sourcePath: bed.registry.get(row.archivePath)?.sourcePath ?? null }));
}

function contentOf(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(folder, file).split(path.sep).join('/'), readFileSync(file, 'utf8')]),
  );
}

async function restore(bed: OpencodeBed, to: string | null): Promise<unknown> {
  const files = (): ReturnType<typeof restorableFiles> => restorableFiles(positionsOf(bed), SESSION, bed.archive, to);
  const job = restoreJob({ files, read: (archivePath, start, end) => bed.archive.read(archivePath, start, end) });
  return await job(() => undefined, new AbortController().signal);
}

describe('giving back what was mirrored', () => {
  it('writes the small files of an old store as they were seen last, and over none that is different', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    store.exchange(SESSION, 'Name a fruit.', 'A fig.');
    store.session('ses_two', { parentID: SESSION });
    store.exchange('ses_two', 'You are asked.', 'I answer.');
    await bed.sources.follow(store.directory, false);
    store.change(`session/global/${SESSION}.json`, { title: 'Fruit' });
    await bed.sources.follow(store.directory, false);
    const before = contentOf(store.directory);
    store.remove(`message/${SESSION}`);
    store.change('session/global/ses_two.json', { title: 'Changed since' });

    const report = await restore(bed, null);
    const elsewhere = path.join(bed.directory, 'copy');
    await restore(bed, elsewhere);

    expect(report).toMatchObject({ conflicts: [path.join(store.directory, 'session/global/ses_two.json')] });
    expect({ ...contentOf(store.directory), 'session/global/ses_two.json': '' }).toEqual({
      ...before,
      'session/global/ses_two.json': '',
    });
    expect(contentOf(path.join(elsewhere, 'storage'))).toEqual(before);
  });

  it('writes the rows of a database below a named folder, and refuses to write into the database', async () => {
    await using bed = new OpencodeBed();
    const agent = bed.agent();
    agent.session({ id: SESSION });
    agent.exchange(SESSION, 'Name a fruit.', 'A fig.');
    await bed.follow();
    const before = bed.agentFiles();
    const to = path.join(bed.directory, 'copy');

    await restore(bed, to);
    await expect(restore(bed, null)).rejects.toMatchObject({ code: 'UNSUPPORTED_HERE' });

    const name = `opencode.db/${SESSION}.jsonl`;
    expect(contentOf(to)).toEqual({ [name]: bed.mirror()[name] });
    expect(bed.agentFiles()).toEqual(before);
  });

  it('says that there is nothing of an unknown session', async () => {
    await using bed = new OpencodeBed();

    await expect(restore(bed, null)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('checkStore', () => {
  it('finds nothing missing of what was mirrored, and names what changed since', async () => {
    await using bed = new OpencodeBed();
    const store = new OpencodeStore(bed.root.directory);
    store.session(SESSION);
    store.exchange(SESSION, 'Name a fruit.', 'A fig.');
    await bed.sources.follow(store.directory, false);
    const archive = new ArchiveReader(bed.archiveDirectory);
    const check = (): ReturnType<typeof checkStore> =>
      checkStore(store.directory, 'opencode/opencode-1/storage', (archivePath) => {
        const hashes = new MirrorHashes();
        hashes.read(archive.read(archivePath, 0, archive.sizeOf(archivePath) ?? 0));
        return hashes.byName;
      });

    const before = await check();
    store.change(`session/global/${SESSION}.json`, { title: 'Fruit' });
    const after = await check();

    expect([before.missing, before.unreadable, before.bytes > 1000]).toEqual([[], null, true]);
    expect(after.missing).toEqual([`opencode/opencode-1/storage ["session","${SESSION}"]`]);
  });
});
