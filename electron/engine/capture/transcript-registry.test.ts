import { describe, expect, it } from 'vitest';
import { archivePathOf, parseArchivePath } from '../archive/archive-path.ts';
import type { SourceRoot } from './source-layout.ts';
import { TranscriptRegistry, type StoredPosition } from './transcript-registry.ts';

const ROOT: SourceRoot = { agent: 'claude-code', directory: '/home/ana/.claude', rootKey: 'claude-1' };
const SOURCE = '/home/ana/.claude/projects/p/s.jsonl';
const FIRST = 'claude-code/claude-1/projects/p/s.jsonl';
const SECOND = 'claude-code/claude-1/~2/projects/p/s.jsonl';

function newRegistry(roots: readonly SourceRoot[] = [ROOT]): TranscriptRegistry {
  return new TranscriptRegistry({ pathOf: archivePathOf, parse: parseArchivePath }, roots);
}

function position(archivePath: string, committed: number, sourcePath: string | null = null): StoredPosition {
  return { archivePath, committed, sourcePath, kind: 'lines' };
}

describe('TranscriptRegistry', () => {
  it('makes a first generation for a new source, once', () => {
    const registry = newRegistry();

    const file = registry.track(SOURCE);

    expect(file).toMatchObject({ archivePath: FIRST, generation: 1, kind: 'lines', state: 'missing', committed: 0 });
    expect(registry.track(SOURCE)).toBe(file);
    expect(registry.get(FIRST)).toBe(file);
  });

  it('knows nothing of a path that is none of ours', () => {
    const registry = newRegistry();

    expect(['/etc/passwd', '/home/ana/.claude/settings.json'].map((name) => registry.track(name))).toEqual([
      null,
      null,
    ]);
    expect([...registry.all()]).toEqual([]);
  });

  it('takes in what is archived with what of it is committed', () => {
    const registry = newRegistry();

    registry.load([{ archivePath: FIRST, sizeBytes: 100 }], [position(FIRST, 60)]);

    expect(registry.track(SOURCE)).toMatchObject({ archivePath: FIRST, archived: 100, committed: 60, segmenter: null });
  });

  it.each([
    ['older first', [FIRST, SECOND]],
    ['newer first', [SECOND, FIRST]],
  ])('follows a source with its newest generation, listed %s', (_order, names) => {
    const registry = newRegistry();

    registry.load(
      names.map((archivePath) => ({ archivePath, sizeBytes: 1 })),
      [],
    );

    expect(registry.ofSource(SOURCE)?.archivePath).toBe(SECOND);
    expect(registry.get(FIRST)?.state).toBe('past');
    expect(registry.get(SECOND)?.state).toBe('missing');
  });

  it('follows a renamed file under the name that the store has of it', () => {
    const registry = newRegistry();
    const renamed = '/home/ana/.claude/projects/p/renamed.jsonl';

    registry.load([{ archivePath: FIRST, sizeBytes: 1 }], [position(FIRST, 1, renamed)]);

    expect(registry.ofSource(renamed)?.archivePath).toBe(FIRST);
    expect(registry.track(SOURCE)?.archivePath).toBe(SECOND);
  });

  it('keeps what belongs to a root that is not configured, without a source', () => {
    const registry = newRegistry([]);

    registry.load([{ archivePath: FIRST, sizeBytes: 10 }], [position(FIRST, 4)]);

    expect(registry.get(FIRST)).toMatchObject({ state: 'past', root: null, archived: 10, committed: 4 });
    expect(registry.track(SOURCE)).toBeNull();
    expect(registry.totals()).toMatchObject({ files: 0, archivedBytes: 10, committableBytes: 10, committedBytes: 4 });
  });

  it('goes on with all generations of a root that is configured later', () => {
    const registry = newRegistry([]);
    registry.load(
      [FIRST, SECOND].map((archivePath) => ({ archivePath, sizeBytes: 10 })),
      [position(SECOND, 10, SOURCE)],
    );

    registry.addRoot(ROOT);
    registry.addRoot({ ...ROOT });

    expect(registry.roots.length).toBe(1);
    expect(registry.track(SOURCE)).toMatchObject({ archivePath: SECOND, state: 'missing', root: ROOT });
    expect(registry.get(FIRST)?.state).toBe('past');
  });

  it('forgets the generation that was made for a new name when the file turns out to be renamed', () => {
    const registry = newRegistry();
    const name = '/home/ana/.claude/projects/p/renamed.jsonl';
    const known = registry.track(SOURCE);
    const fresh = registry.track(name);
    if (known === null || fresh === null) throw new Error('not recorded');

    registry.rename(known, name);

    expect([...registry.all()]).toEqual([known]);
    expect(registry.ofSource(name)).toBe(known);
    expect(registry.ofSource(SOURCE)).toBeUndefined();
  });

  it('numbers generations on, also when a number is taken', () => {
    const registry = newRegistry();
    const first = registry.track(SOURCE);
    if (first === null) throw new Error('not recorded');

    const second = registry.nextGeneration(first);
    registry.rename(second, '/home/ana/.claude/projects/p/renamed.jsonl');
    const third = registry.track(SOURCE);

    expect([first.state, second.archivePath, third?.archivePath]).toEqual([
      'past',
      SECOND,
      'claude-code/claude-1/~3/projects/p/s.jsonl',
    ]);
  });

  it('counts files that are there or were, and not names that were only heard of', () => {
    const registry = newRegistry();
    registry.load([{ archivePath: FIRST, sizeBytes: 10 }], []);
    const live = registry.track('/home/ana/.claude/projects/p/live.jsonl');
    registry.track('/home/ana/.claude/projects/p/gone-before-anybody-looked.jsonl');

    if (live !== null) live.state = 'live';

    expect(registry.totals().files).toBe(2);
  });

  it('leaves an unfinished last line out of what can be committed, when it knows of it', () => {
    const registry = newRegistry();
    registry.load([{ archivePath: FIRST, sizeBytes: 10 }], [position(FIRST, 12)]);

    expect(registry.totals()).toMatchObject({ committableBytes: 10, committedBytes: 10, unsavedSince: null });
  });

  it('names the oldest wait and the newest change', () => {
    const registry = newRegistry();
    const [a, b] = ['a', 'b'].map((name) => registry.track(`/home/ana/.claude/projects/p/${name}.jsonl`));
    Object.assign(a ?? {}, { unsavedSince: 50, lastChangeAt: 1000, state: 'blocked' });
    Object.assign(b ?? {}, { unsavedSince: 40, lastChangeAt: 900 });

    expect(registry.totals()).toMatchObject({ unsavedSince: 40, lastChangeAt: 1000, blockedFiles: 1 });
  });
});
