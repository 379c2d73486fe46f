import { describe, expect, it } from 'vitest';
import { isBelow, isWalked, layoutOf, relativePathOf } from './source-layout.ts';

const ROOT = { agent: 'claude-code', directory: '/home/ana/.claude', rootKey: 'claude-1' } as const;

describe('the layout of Claude Code', () => {
  it.each([
    ['history.jsonl', 'lines'],
    ['projects/p/s.jsonl', 'lines'],
    ['projects/p/s.orphaned-1.jsonl', 'lines'],
    ['projects/p/s.jsonl.superseded-2026', 'lines'],
    ['projects/p/s/subagents/agent-1.jsonl', 'lines'],
    ['projects/p/s/subagents/agent-1.meta.json', 'blob'],
    ['projects/p/s/tool-results/a.txt', 'blob'],
    ['projects/p/s/tool-results/a.jsonl', 'blob'],
    ['projects/p/sessions-index.json', null],
    ['projects/p/s.jsonl.tmp', null],
    ['projects/p/notes.md', null],
    ['settings.json', null],
    ['todos/s.jsonl', null],
    ['other/history.jsonl', null],
  ])('knows %s as %s', (relativePath, kind) => {
    expect(layoutOf('claude-code').kindOf(relativePath)).toBe(kind);
  });
});

describe('relativePathOf', () => {
  it('gives the path below the root, and null for everything else', () => {
    const names = ['/home/ana/.claude/projects/p/s', '/home/ana/.claude', '/home/ana/.claudette/x', '/etc/passwd'];

    expect(names.map((name) => relativePathOf(ROOT, name))).toEqual(['projects/p/s', null, null, null]);
  });
});

describe('isWalked', () => {
  it('is true for the folders that hold transcripts', () => {
    const names = ['projects', 'projects/p/s/subagents', 'plugins', 'projects-old/p', ''];

    expect(names.map((name) => isWalked(ROOT, `/home/ana/.claude/${name}`))).toEqual([true, true, false, false, false]);
  });
});

describe('isBelow', () => {
  it('is true for a folder, what is in it, and everything when there is none', () => {
    expect(isBelow('/a/b', null)).toBe(true);
    expect(isBelow('/a/b', ['/a/b/'])).toBe(true);
    expect(isBelow('/a/b/c', ['/x', '/a/b'])).toBe(true);
    expect(isBelow('C:\\a\\b', ['C:\\a\\'])).toBe(true);
    expect(isBelow('/a/b', ['/'])).toBe(true);
  });

  it('is false for a neighbour whose name begins alike', () => {
    expect(isBelow('/a/bc', ['/a/b'])).toBe(false);
    expect(isBelow('/a', ['/a/b'])).toBe(false);
    expect(isBelow('/a', [])).toBe(false);
  });
});
