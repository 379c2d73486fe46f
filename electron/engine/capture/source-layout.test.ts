import { describe, expect, it } from 'vitest';
import { foreignRoot, isBelow, isWalked, layoutOf, relativePathOf } from './source-layout.ts';

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

describe('the layout of Gemini CLI', () => {
  it.each([
    ['tmp/lisbon/chats/session-2026-11-22T06-43-2ab72121.jsonl', 'lines'],
    ['tmp/lisbon/chats/session-2026-11-22T06-43-2ab72121.jsonl.unreadable-1763793790147', 'lines'],
    ['tmp/lisbon/chats/2ab72121-979b-4538-a374-ba55766fddb6/sub.jsonl', 'lines'],
    ['tmp/f254141a/chats/session-2025-08-22T06-43-2ab72121.json', 'document'],
    ['tmp/lisbon/tool-outputs/session-2ab72121/ls.txt', 'blob'],
    ['tmp/lisbon/chats/session-2026-11-22T06-43-2ab72121.jsonl.tmp-4711', null],
    ['tmp/lisbon/logs.json', null],
    ['tmp/lisbon/.project_root', null],
    ['tmp/bin/rg', null],
    ['tmp/chats', null],
    ['projects.json', null],
    ['oauth_creds.json', null],
    ['history/lisbon/chats/a.jsonl', null],
  ])('knows %s as %s', (relativePath, kind) => {
    expect(layoutOf('gemini-cli').kindOf(relativePath)).toBe(kind);
  });
});

describe('foreignRoot', () => {
  it.each([
    ['/backup/claude', 'claude-code', '/backup/claude'],
    ['/backup/claude/projects/-p', 'claude-code', '/backup/claude'],
    ['/backup/gemini/tmp/lisbon/chats', 'gemini-cli', '/backup/gemini'],
    ['/backup/gemini/tmp/lisbon/chats/a.jsonl', 'gemini-cli', '/backup/gemini'],
    ['/backup/.gemini', 'gemini-cli', '/backup/.gemini'],
    ['/backup/.gemini/tmp/lisbon', 'gemini-cli', '/backup/.gemini'],
    ['/tmp/x/projects/-p', 'claude-code', '/tmp/x'],
    ['/tmp/chats', 'claude-code', '/tmp/chats'],
  ])('takes %s for one of %s', (named, agent, directory) => {
    expect(foreignRoot(named)).toEqual({ agent, directory });
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
