import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CaptureBed, PROJECT } from './test-support/capture-bed.ts';

async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

describe('Capturer, when a transcript is not what it was', () => {
  it('keeps both when the middle of a file was changed, as a thorough look finds out', async () => {
    await using bed = await CaptureBed.create();
    const file = bed.session('s');
    const lines = Array.from({ length: 2000 }, (_, index) => `{"line":${index}}\n`);
    await write(file, lines.join(''));
    const first = await bed.running({ watches: false });
    await bed.commit();
    await first.stop();
    await bed.restart();
    await write(file, lines.with(1000, '{"line":XXXX}\n').join(''));

    const capturer = await bed.running({ watches: false });
    const quick = Object.keys(await bed.archived());
    await capturer.reconcile({ thorough: true });
    await bed.commit();

    expect(quick).toEqual([`projects/${PROJECT}/s.jsonl`, 'root.json'].filter((name) => name !== 'root.json'));
    expect(Object.keys(await bed.archived()).sort()).toEqual([
      `projects/${PROJECT}/s.jsonl`,
      `~2/projects/${PROJECT}/s.jsonl`,
    ]);
  });
});
void rename;
void rm;
