import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foreignRoot, isBelow, isWalked, layoutOf, onDisk, relativePathOf } from './source-layout.ts';

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

describe('the layouts of the other agents', () => {
  it.each([
    ['codex', 'history.jsonl', 'lines'],
    ['codex', 'session_index.jsonl', 'lines'],
    ['codex', 'sessions/2026/11/22/rollout-2026-11-22T09-00-00-x.jsonl', 'lines'],
    ['codex', 'sessions/rollout-2025-06-01-x.jsonl', 'lines'],
    ['codex', 'sessions/2026/11/22/rollout-x.jsonl.zst', 'document'],
    ['codex', 'archived_sessions/rollout-x.jsonl', 'lines'],
    ['codex', 'archived_sessions/rollout-x.jsonl.zst', 'document'],
    ['codex', 'sessions/2026/11/22/rollout-x.jsonl.tmp', null],
    ['codex', 'sessions/notes.jsonl', null],
    ['codex', 'auth.json', null],
    ['codex', 'log/codex-tui.log', null],
    ['copilot-cli', 'session-state/s/events.jsonl', 'lines'],
    ['copilot-cli', 'session-state/s.jsonl', 'lines'],
    ['copilot-cli', 'session-state/s/workspace.yaml', 'blob'],
    ['copilot-cli', 'session-state/s/files/events.jsonl', null],
    ['copilot-cli', 'history-session-state/session_s_1.json', 'document'],
    ['copilot-cli', 'history-session-state/s.jsonl', 'lines'],
    ['copilot-cli', 'logs/x.jsonl', null],
    ['copilot-cli', 'config.json', null],
    ['cursor', 'projects/x/agent-transcripts/s/s.jsonl', 'lines'],
    ['cursor', 'projects/x/agent-transcripts/s.jsonl', 'lines'],
    ['cursor', 'projects/x/agent-transcripts/s.txt', 'document'],
    ['cursor', 'projects/x/agent-transcripts/s/subagents/a.jsonl', 'lines'],
    ['cursor', 'projects/x/terminals/1.txt', null],
    ['cursor', 'mcp.json', null],
  ] as const)('know of %s the file %s as %s', (agent, relativePath, kind) => {
    expect(layoutOf(agent).kindOf(relativePath)).toBe(kind);
  });

  it('leave folders alone in which nothing of ours can be', () => {
    const cursor = { agent: 'cursor', directory: '/c', rootKey: 'c' } as const;
    const copilot = { agent: 'copilot-cli', directory: '/p', rootKey: 'p' } as const;

    expect(
      ['projects', 'projects/x', 'projects/x/agent-transcripts/s', 'projects/x/terminals', 'chats'].map((name) =>
        isWalked(cursor, `/c/${name}`),
      ),
    ).toEqual([true, true, true, false, false]);
    expect(
      ['session-state', 'session-state/s', 'session-state/s/files', 'logs'].map((name) =>
        isWalked(copilot, `/p/${name}`),
      ),
    ).toEqual([true, true, false, false]);
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

  let home = '';
  beforeAll(() => {
    home = mkdtempSync(path.join(os.tmpdir(), 'holdfast-foreign-'));
    for (const folder of [
      'projects/old/.codex/sessions/2026',
      'copy/sessions',
      'copilot/session-state/s',
      '.cursor/projects/x',
      'claude/projects/p',
      'empty',
    ]) {
      mkdirSync(path.join(home, folder), { recursive: true });
    }
  });
  afterAll(() => {
    rmSync(home, { recursive: true });
  });

  it.each([
    ['projects/old/.codex', 'codex', 'projects/old/.codex'],
    ['projects/old/.codex/sessions/2026', 'codex', 'projects/old/.codex'],
    ['copy', 'codex', 'copy'],
    ['copilot/session-state/s', 'copilot-cli', 'copilot'],
    ['.cursor', 'cursor', '.cursor'],
    ['.cursor/projects/x', 'cursor', '.cursor'],
    ['claude/projects/p', 'claude-code', 'claude'],
    ['empty', 'claude-code', 'empty'],
  ])('of %s is that of %s', (folder, agent, root) => {
    expect(foreignRoot(path.join(home, folder))).toEqual({ agent, directory: path.join(home, root) });
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

describe('the layout of opencode', () => {
  it.each([
    ['opencode.db/ses_1.jsonl', 'lines'],
    ['opencode-dev.db/ses_1/ses_2.jsonl', 'lines'],
    ['storage/ses_1.jsonl', 'lines'],
    ['opencode.db', null],
    ['opencode.db-wal', null],
    ['auth.json', null],
    ['storage/message/ses_1/msg_1.json', null],
    ['other.db/ses_1.jsonl', null],
  ])('knows %s as %s', (relativePath, kind) => {
    expect(layoutOf('opencode').kindOf(relativePath)).toBe(kind);
  });

  it('says what must be on disk for a mirror to have a source', () => {
    const names = [
      '/home/ana/.local/share/opencode/opencode.db/ses_1/ses_2.jsonl',
      '/home/ana/.local/share/opencode/storage/ses_1.jsonl',
      'C:\\Users\\ana\\.local\\share\\opencode\\opencode.db\\ses_1.jsonl',
      '/home/ana/.claude/projects/storage/s.jsonl',
    ];

    expect(names.map(onDisk)).toEqual([
      '/home/ana/.local/share/opencode/opencode.db',
      '/home/ana/.local/share/opencode/storage',
      'C:\\Users\\ana\\.local\\share\\opencode\\opencode.db',
      '/home/ana/.claude/projects/storage/s.jsonl',
    ]);
  });
});

describe('foreignRoot of opencode', () => {
  it('recognises a copy of the folder of opencode by what is in it', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-layout-'));
    try {
      const [database, store, claude] = ['database', 'store', 'claude'].map((name) => path.join(folder, name));
      mkdirSync(path.join(database ?? '', 'x'), { recursive: true });
      writeFileSync(path.join(database ?? '', 'opencode.db'), '');
      mkdirSync(path.join(store ?? '', 'storage', 'message'), { recursive: true });
      mkdirSync(path.join(claude ?? '', 'projects', 'p'), { recursive: true });
      const file = path.join(claude ?? '', 'projects', 'p', 's.jsonl');
      writeFileSync(file, '');

      expect(foreignRoot(database ?? '')).toEqual({ agent: 'opencode', directory: database });
      expect(foreignRoot(path.join(database ?? '', 'opencode.db'))).toEqual({ agent: 'opencode', directory: database });
      expect(foreignRoot(store ?? '')).toEqual({ agent: 'opencode', directory: store });
      expect(foreignRoot(claude ?? '')).toEqual({ agent: 'claude-code', directory: claude });
      expect(foreignRoot(file)).toEqual({ agent: 'claude-code', directory: claude });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
