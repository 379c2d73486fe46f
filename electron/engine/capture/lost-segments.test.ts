import { describe, expect, it } from 'vitest';
import { LostSegments } from './lost-segments.ts';
import { Segmenter } from './segmenter.ts';
import { newTrackedFile, type TrackedFile } from './tracked-file.ts';

/** Lines of 100 bytes that were handed over, of which so many bytes are committed, and an unfinished one. */
function handedOver(committed: number): TrackedFile {
  const archivePath = 'claude-code/claude-1/projects/p/s.jsonl';
  const segmenter = new Segmenter(archivePath, 'lines', 0);
  segmenter.push(Buffer.from(`${'x'.repeat(99)}\nunfinished`));
  const file = newTrackedFile({
    archivePath,
    kind: 'lines',
    root: null,
    relativePath: 'projects/p/s.jsonl',
    generation: 1,
    sourcePath: '/s.jsonl',
    state: 'live',
  });
  return Object.assign(file, { segmenter, archived: 110, committed });
}

describe('LostSegments', () => {
  it('demands again what was not committed for long, once', () => {
    let now = 0;
    const lost = new LostSegments(() => now);
    const file = handedOver(0);

    const answers = [lost.demandAgain([file])];
    now = 29_999;
    answers.push(lost.demandAgain([file]));
    now = 30_000;
    answers.push(lost.demandAgain([file]));

    expect(answers).toEqual([0, 0, 1]);
    expect(file).toMatchObject({ segmenter: null });
    expect(lost.demandAgain([file])).toBe(0);
  });

  it('demands nothing of a file whose position moves', () => {
    let now = 0;
    const lost = new LostSegments(() => now);
    const file = handedOver(0);

    const answers = [];
    for (let committed = 0; committed < 100; committed += 20) {
      file.committed = committed;
      answers.push(lost.demandAgain([file]));
      now += 60_000;
    }

    expect(answers).toEqual([0, 0, 0, 0, 0]);
  });

  it('demands nothing of a file that only waits for the end of its last line', () => {
    let now = 0;
    const lost = new LostSegments(() => now);
    const file = handedOver(100);

    lost.demandAgain([file]);
    now = 1_000_000;

    expect(lost.demandAgain([file])).toBe(0);
  });
});
