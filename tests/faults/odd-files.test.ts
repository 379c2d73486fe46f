import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { peakMemoryBytes } from '../support/child-process.ts';
import { hashesBelow, sha256 } from '../support/file-tree.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, smallExchanges, textOf } from '../support/session-lines.ts';
import type { SmallExchange } from '../support/session-lines.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Workplace } from '../support/workplace.ts';

const MIB = 1_048_576;
const SESSION = idOf('the session');

async function expectIds(place: Workplace, wanted: readonly SmallExchange[]): Promise<void> {
  const ids = (await place.export()).map(({ id }) => id).sort();
  expect(ids).toEqual(wanted.map(({ id }) => id).sort());
}

describe('a transcript that is deleted', () => {
  it('while it is read, is recorded to its end', async () => {
    await using place = await Workplace.make();
    const holdfast = await place.start();
    const file = sessionFile(place.projects, SESSION);
    const padding = `${JSON.stringify({ type: 'file-history-snapshot', text: 'x'.repeat(999_940) })}\n`;
    const text = `${textOf([smallExchange(SESSION, 'first')])}${padding.repeat(64)}${textOf([smallExchange(SESSION, 'last', 1)])}`;

    // Written elsewhere, so that it is there at once.
    const elsewhere = path.join(place.root, 'elsewhere');
    writeFileSync(elsewhere, text);
    mkdirSync(path.dirname(file), { recursive: true });
    linkSync(elsewhere, file);
    rmSync(elsewhere);
    const archive = path.join(place.home, 'archive');
    await waitUntil(
      () => readdirSync(archive, { recursive: true, encoding: 'utf8' }),
      (names) => names.some((name) => name.endsWith('.jsonl')),
      'it is being read',
    );
    rmSync(file);

    await holdfast.waitForExchanges(2);
    expect([...hashesBelow(archive).values()]).toContain(sha256(Buffer.from(text)));
    expectClean(await holdfast.verify());
  });

  it('with its folder, and made again, goes on being recorded', async () => {
    await using place = await Workplace.make();
    const file = sessionFile(place.projects, SESSION);
    const [one, two] = [smallExchange(SESSION, 'one'), smallExchange(SESSION, 'two', 1)];
    append(file, textOf([one]));
    const holdfast = await place.start();
    await holdfast.waitForExchanges(1);

    rmSync(path.dirname(file), { recursive: true });
    await holdfast.waitForStatus(({ watcher }) => watcher.watchedDirectories === 2, 'the folder is gone');
    append(file, textOf([two]));

    await holdfast.waitForExchanges(2);
    await expectIds(place, [one, two]);
  });
});

describe('a transcript that is copied and truncated', () => {
  it('loses nothing that the copy holds, and nothing that comes afterwards', async () => {
    await using place = await Workplace.make();
    const file = sessionFile(place.projects, SESSION);
    const old = smallExchanges(SESSION, 'old', 3);
    append(file, textOf(old));
    const holdfast = await place.start();
    await holdfast.waitForExchanges(3);

    // Nobody has a chance to read the last of them where it was written.
    const unread = smallExchange(SESSION, 'unread', 7);
    const fresh = smallExchanges(SESSION, 'fresh', 2);
    append(file, textOf([unread]));
    copyFileSync(file, `${file}.superseded-1`);
    truncateSync(file, 0);
    append(file, textOf(fresh));

    await holdfast.waitForExchanges(6);
    expectClean(await holdfast.verify());
    await expectIds(place, [...old, unread, ...fresh]);
  });
});

describe('one gigabyte without a newline', () => {
  it('costs no memory, and holds up nobody', async () => {
    await using place = await Workplace.make();
    const file = sessionFile(place.projects, idOf('endless'));
    append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'before')]));
    const holdfast = await place.start();
    await holdfast.waitForExchanges(1);
    const before = await peakMemoryBytes(holdfast.pid);

    const elsewhere = path.join(place.root, 'elsewhere');
    const fd = openSync(elsewhere, 'w');
    ftruncateSync(fd, 1024 * MIB);
    closeSync(fd);
    // So old that nobody waits for the end of its line any more.
    utimesSync(elsewhere, 1_700_000_000, 1_700_000_000);
    mkdirSync(path.dirname(file), { recursive: true });
    linkSync(elsewhere, file);
    append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'meanwhile', 1)]));
    await holdfast.waitForExchanges(2);
    const seen = await holdfast.status();
    await holdfast.waitForStatus(({ archive }) => archive.bytes > 1024 * MIB, 'all of it is archived', 120_000);
    await holdfast.waitForStatus(
      ({ queue, store }) => queue.depth === 0 && store.deadLetters === 1,
      'set aside',
      60_000,
    );

    const grown = (await peakMemoryBytes(holdfast.pid)) - before;
    console.log(`1 GB without a newline: peak memory grew by ${String(Math.round(grown / MIB))} MiB`);
    expect(grown).toBeLessThan(64 * MIB);
    expect(seen.archive.bytes).toBeLessThan(1024 * MIB);
  });
});

describe('lines that are odd, and not wrong', () => {
  it('harm neither the program nor their neighbours', async () => {
    await using place = await Workplace.make();
    const file = sessionFile(place.projects, SESSION);
    const around = smallExchanges(SESSION, 'around', 4);
    const deep = `{"type":"file-history-snapshot","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`;
    const polluted =
      '{"type":"file-history-snapshot","__proto__":{"polluted":true},"constructor":{"prototype":{"x":1}}}\n';
    const twice = '{"type":"user","type":"file-history-snapshot","uuid":"a","uuid":"b"}\n';
    append(file, [deep, polluted, twice].map((line, index) => textOf(around.slice(index, index + 1)) + line).join(''));
    append(file, textOf(around.slice(3)));

    const holdfast = await place.start();
    await holdfast.waitForExchanges(4);

    const report = await holdfast.verify();
    expect(report).toMatchObject({ missing: 0, duplicated: 0, missingRecords: [] });
    await expectIds(place, around);
    // Whatever they are to the parser, none of them is simply gone: saved, or kept as a dead letter.
    const { store } = await holdfast.status();
    expect(store.records + store.deadLetters).toBe(8 + 3);
  });
});

describe('a socket among the transcripts', () => {
  it('is passed over and named', async () => {
    await using place = await Workplace.make();
    append(sessionFile(place.projects, SESSION), textOf([smallExchange(SESSION, 'good')]));
    const socket = path.join(place.projects, '-home-ana-work-small', 'socket.jsonl');
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(socket, resolve);
    });
    try {
      const holdfast = await place.start();
      await holdfast.waitForExchanges(1);
      const report = await holdfast.job({ kind: 'import' });

      expect(statSync(socket).isSocket()).toBe(true);
      expect(report).toMatchObject({ failed: 1, failures: [{ path: socket, reason: 'not a regular file' }] });
    } finally {
      server.close();
    }
    expect(existsSync(socket)).toBe(false);
  });
});
