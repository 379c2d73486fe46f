import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, statSync, symlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { peakMemoryBytes } from '../support/child-process.ts';
import { append, idOf, sessionFile, smallExchange, textOf } from '../support/session-lines.ts';
import type { SmallExchange } from '../support/session-lines.ts';
import { Workplace } from '../support/workplace.ts';

const MIB = 1_048_576;
const HUGE_BYTES = 200 * MIB;
/** Generous: what is checked is that memory does not follow the length of the line. */
const MEMORY_MOST_BYTES = 200 * MIB;

interface BadLine {
  readonly name: string;
  readonly bytes: Buffer;
  readonly reason: string;
}

const BAD_LINES: readonly BadLine[] = [
  { name: 'no JSON', bytes: Buffer.from('{"type":"user","message":\n'), reason: 'not-json' },
  { name: 'NUL run', bytes: Buffer.from(`${'\0'.repeat(4096)}\n`), reason: 'nul-bytes' },
  {
    name: 'invalid UTF-8',
    bytes: Buffer.concat([Buffer.from('{"type":"user","text":"'), Buffer.of(0xc3, 0x28, 0xff), Buffer.from('"}\n')]),
    reason: 'invalid-utf8',
  },
  { name: 'no object', bytes: Buffer.from('[1,2,3]\n'), reason: 'not-an-object' },
];

async function exportedIds(place: Workplace): Promise<readonly string[]> {
  return (await place.export()).map(({ id }) => id).sort();
}

function idsOf(exchanges: readonly SmallExchange[]): readonly string[] {
  return exchanges.map(({ id }) => id).sort();
}

/** One line of that length, without holding it. */
function appendHugeLine(file: string): void {
  const fd = openSync(file, 'a');
  const piece = Buffer.alloc(MIB, 'x');
  writeSync(fd, '{"type":"user","text":"');
  for (let written = 0; written < HUGE_BYTES; written += MIB) writeSync(fd, piece);
  writeSync(fd, '"}\n');
  closeSync(fd);
}

describe('bad lines', () => {
  it('are set aside with their byte range and reason, while their neighbours are saved', async () => {
    await using place = await Workplace.make();
    const session = idOf('bad lines');
    const file = sessionFile(place.projects, session);
    const good = [smallExchange(session, 'first')];
    const ranges: { start: number; end: number; reason: string }[] = [];
    append(file, textOf(good));
    BAD_LINES.forEach(({ name, bytes, reason }, index) => {
      const start = statSync(file).size;
      append(file, bytes);
      ranges.push({ start, end: start + bytes.length, reason });
      const next = smallExchange(session, `after ${name}`, index + 1);
      append(file, textOf([next]));
      good.push(next);
    });

    const report = await place.import();

    expect(report).toMatchObject({ failed: 0, quarantined: BAD_LINES.length, exchanges: good.length });
    expect(await exportedIds(place)).toEqual(idsOf(good));
    const letters = (await place.deadLetters()).filter(({ sourcePath }) => sourcePath === file);
    const found = letters.map(({ start, end, reason }) => ({ start, end, reason }));
    expect(found.sort((a, b) => a.start - b.start)).toEqual(ranges);
    expect(await place.verify()).toMatchObject({ missing: 0, duplicated: 0, quarantined: BAD_LINES.length, code: 0 });
  });

  it('may be 200 MB long, and memory stays bounded', async () => {
    await using place = await Workplace.make();
    const session = idOf('huge line');
    const file = sessionFile(place.projects, session);
    const before = smallExchange(session, 'before');
    const after = smallExchange(session, 'after', 1);
    const holdfast = await place.start();
    append(file, textOf([before]));
    await holdfast.waitForExchanges(1);
    const start = statSync(file).size;
    const peakBefore = await peakMemoryBytes(holdfast.pid);

    appendHugeLine(file);
    const end = statSync(file).size;
    append(file, textOf([after]));
    const status = await holdfast.waitForStatus(
      ({ store }) => store.exchanges === 2,
      'the line after it saved',
      60_000,
    );

    const grown = (await peakMemoryBytes(holdfast.pid)) - peakBefore;
    console.log(`200 MB line: peak memory grew by ${String(Math.round(grown / MIB))} MiB`);
    expect(grown).toBeLessThan(MEMORY_MOST_BYTES);
    expect(status.store.deadLetters).toBe(1);
    expect(await place.deadLetters()).toMatchObject([{ sourcePath: file, start, end, reason: 'too-long' }]);
    expect(await place.verify()).toMatchObject({ missing: 0, duplicated: 0, quarantined: 1, code: 0 });
    expect((await peakMemoryBytes(holdfast.pid)) - peakBefore).toBeLessThan(MEMORY_MOST_BYTES);
  });
});

describe('paths that are no transcripts', () => {
  it('are passed over, counted and named, while everything else is saved', async () => {
    await using place = await Workplace.make();
    const good = smallExchange(idOf('good'), 'good');
    append(sessionFile(place.projects, idOf('good')), textOf([good]));
    const folder = path.join(place.projects, '-home-ana-work-odd');
    mkdirSync(folder);
    const at = (name: string): string => path.join(folder, name);
    append(at('unreadable.jsonl'), textOf([smallExchange(idOf('unreadable'), 'unreadable')]));
    chmodSync(at('unreadable.jsonl'), 0o000);
    execFileSync('mkfifo', [at('fifo.jsonl')]);
    symlinkSync(at('b.jsonl'), at('a.jsonl'));
    symlinkSync(at('a.jsonl'), at('b.jsonl'));
    symlinkSync('.', at('loop'));
    symlinkSync(at('nowhere'), at('dangling.jsonl'));
    const odd = ['unreadable', 'fifo', 'a', 'b', 'dangling'].map((name) => at(`${name}.jsonl`)).sort();

    const holdfast = await place.start({ unprivileged: true });
    const status = await holdfast.waitForStatus(
      ({ store, transcripts }) => store.exchanges === 1 && transcripts.blockedFiles >= odd.length,
      'the good one saved and the others counted',
    );

    expect(status).toMatchObject({
      overall: 'warn',
      transcripts: { blockedFiles: odd.length, health: { state: 'degraded', reason: 'FILES_BLOCKED' } },
    });
    const report = await holdfast.job({ kind: 'import' });
    expect(report).toMatchObject({ kind: 'import', failed: odd.length });
    expect(report.kind === 'import' ? report.failures.map((failure) => failure.path).sort() : []).toEqual(odd);
    expect(report.kind === 'import' ? report.failures.every(({ reason }) => reason !== '') : false).toBe(true);
    expect((await place.cli(['status'])).stdout).toMatch(/cannot be read/);
    expect(await exportedIds(place)).toEqual([good.id]);

    // As soon as it can be read, it is.
    chmodSync(at('unreadable.jsonl'), 0o600);
    await holdfast.job({ kind: 'import' });
    await holdfast.waitForExchanges(2);
  });
});
