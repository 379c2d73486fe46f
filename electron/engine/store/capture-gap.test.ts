import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CaptureGap } from './capture-gap.ts';
import { FIXTURE_ROOT } from './test-support/ground-truth.ts';
import { NOW, StoreBed, filesBelow } from './test-support/store-bed.ts';
import { SESSION, TRANSCRIPT, promptLine } from './test-support/transcript.ts';

const TYPED_AT = Date.UTC(2026, 10, 20, 9, 0, 0);

function historyLine(display: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    display,
    pastedContents: {},
    timestamp: TYPED_AT,
    project: '/x',
    sessionId: SESSION,
    ...more,
  });
}

/** How many prompts of the history are missing, if the transcript holds these. */
function gapOf(history: readonly string[], prompts: readonly string[]): number {
  using bed = new StoreBed();
  bed.saveLines('history.jsonl', history);
  bed.saveLines(
    TRANSCRIPT,
    prompts.map((prompt, index) => promptLine(`p${index}`, prompt)),
  );
  return new CaptureGap(bed.database).count(NOW);
}

describe('CaptureGap', () => {
  it('finds nothing missing of a whole history', () => {
    using bed = new StoreBed();
    for (const file of filesBelow(FIXTURE_ROOT)) {
      bed.append(file, readFileSync(path.join(FIXTURE_ROOT, file)));
      bed.save(...bed.segmentsOf(file));
    }

    expect(new CaptureGap(bed.database).count(NOW)).toBe(0);
  });

  it('counts each prompt of a session whose transcript is gone', () => {
    using bed = new StoreBed();
    const history = readFileSync(path.join(FIXTURE_ROOT, 'history.jsonl'), 'utf8').trimEnd().split('\n');

    bed.saveLines('history.jsonl', history);

    // 16 lines; five of them are commands of the client.
    expect(new CaptureGap(bed.database).count(NOW)).toBe(11);
  });

  it('finds the one prompt that is missing among others', () => {
    expect(gapOf([historyLine('first'), historyLine('second')], ['first'])).toBe(1);
  });

  it.each([
    ['line ends and blanks at the end', 'one\ntwo  ', 'one\r\ntwo'],
    ['a shell command', '! ls -la', '!ls -la'],
    ['a custom command', '/review  12', '/review 12'],
    ['a paste that lies elsewhere', 'Look: [Pasted text #1 +40 lines] and say', 'Look: a\nb\nc and say'],
    ['several pastes', '[Pasted text #1] then [Pasted text #2 +3 lines]', 'aaa then bbb'],
    ['a picture', 'What is [Image #1]?', 'What is [Image #1]?'],
    ['a command that the client carried out by itself', '/some-new-command', 'unrelated'],
    ['a note to the memory', '# always use tabs', 'unrelated'],
  ])('does not report %s', (_name, typed, saved) => {
    expect(gapOf([historyLine(typed)], [saved])).toBe(0);
  });

  it('reports a paste whose surroundings are in no prompt, and a path that only looks like a command', () => {
    expect(gapOf([historyLine('Look: [Pasted text #1 +40 lines] and say')], ['Look: something else'])).toBe(1);
    expect(gapOf([historyLine('/home/ana/x.txt: what is it?')], ['unrelated'])).toBe(1);
  });

  it('puts the text of small pastes in before it compares', () => {
    const pastedContents = { 1: { id: 1, type: 'text', content: 'the pasted words' } };

    expect(gapOf([historyLine('Say [Pasted text #1]', { pastedContents })], ['Say the pasted words'])).toBe(0);
  });

  it('takes a prompt that stands in another session at about the same time for the same', () => {
    const elsewhere = { sessionId: '11111111-6126-490e-ab5f-43d163015768' };

    expect(gapOf([historyLine('moved', elsewhere)], ['moved'])).toBe(0);
    expect(gapOf([historyLine('moved', { ...elsewhere, timestamp: TYPED_AT - 86_400_000 })], ['moved'])).toBe(1);
  });

  it('leaves a prompt time to get from the history into the transcript', () => {
    expect(gapOf([historyLine('typed while busy', { timestamp: NOW - 60_000 })], ['another'])).toBe(0);
    expect(gapOf([historyLine('typed while busy', { timestamp: NOW - 3_600_000 })], ['another'])).toBe(1);
  });

  it('sees when what was missing is saved', () => {
    using bed = new StoreBed();
    const gap = new CaptureGap(bed.database);
    bed.saveLines('history.jsonl', [historyLine('late')]);
    expect(gap.count(NOW)).toBe(1);

    bed.saveLines(TRANSCRIPT, [promptLine('p1', 'late')]);

    expect(gap.count(NOW)).toBe(0);
  });
});
