import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { expectClean } from '../support/proof.ts';
import { CLONE, Workplace } from '../support/workplace.ts';

const CODEX = path.join(CLONE, 'tests', 'fixtures', 'codex-0.169.0');
const COPILOT_SESSION = '5f2a7c1e-0d4b-4c7a-9a51-3f1f5f0c2b11';

const truth = z.looseObject({
  sessions: z.array(
    z.looseObject({
      session_id: z.string(),
      exchanges: z.array(z.looseObject({ prompt: z.string().optional(), final_texts: z.array(z.string()).optional() })),
    }),
  ),
});

/** Session, prompt and last answer of every exchange of the Codex fixture. */
function codexTruth(): readonly string[] {
  const { sessions } = truth.parse(JSON.parse(readFileSync(path.join(CODEX, 'manifest.json'), 'utf8')));
  return sessions.flatMap(({ session_id: session, exchanges }) =>
    exchanges.flatMap(({ prompt, final_texts: texts = [] }) =>
      prompt === undefined ? [] : [JSON.stringify(['codex', session, prompt, texts.at(-1) ?? null])],
    ),
  );
}

/** The folders of the person in which the agents keep theirs. */
function installAll(place: Workplace): string {
  const home = path.join(place.root, 'home');
  cpSync(path.join(CODEX, 'home', '.codex'), path.join(home, '.codex'), { recursive: true });
  const events = [
    { type: 'session.start', id: 'e1', data: { sessionId: COPILOT_SESSION, context: { cwd: '/home/ana/work' } } },
    { type: 'user.message', id: 'e2', data: { content: 'Name a river.' } },
    { type: 'assistant.message', id: 'e3', data: { content: 'The Danube.', toolRequests: [] } },
  ];
  write(home, '.copilot/session-state/elsewhere/events.jsonl', events);
  write(home, '.cursor/projects/home-ana-work/agent-transcripts/c1/c1.jsonl', [
    { role: 'user', message: { content: [{ type: 'text', text: '<user_query>\nName a hill.\n</user_query>' }] } },
    { role: 'assistant', message: { content: [{ type: 'text', text: 'Gellért.' }] } },
    { type: 'turn_ended', status: 'success' },
  ]);
  return home;
}

function write(home: string, name: string, lines: readonly object[]): void {
  const file = path.join(home, ...name.split('/'));
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

describe('the other agents', () => {
  it('are imported whole, each exchange once, and given back', async () => {
    await using place = await Workplace.make();
    const home = installAll(place);

    const first = await place.import();
    const exported = await place.export();
    const second = await place.import();

    expect(first).toMatchObject({ files: 10, imported: 10, failed: 0, quarantined: 0 });
    expect(second).toMatchObject({ files: 10, imported: 0, skipped: 10, newRecords: 0 });
    expectClean(await place.verify());
    const said = exported.map((it) => JSON.stringify([it.agent, it.session_id, it.prompt, it.answers.at(-1) ?? null]));
    expect(said.sort()).toEqual(
      [
        ...codexTruth(),
        JSON.stringify(['copilot-cli', COPILOT_SESSION, 'Name a river.', 'The Danube.']),
        JSON.stringify(['cursor', 'c1', 'Name a hill.', 'Gellért.']),
      ].sort(),
    );

    const restored = path.join(place.root, 'restored');
    await place.restore(COPILOT_SESSION, '--to', restored);
    const name = 'session-state/elsewhere/events.jsonl';
    expect(readFileSync(path.join(restored, name))).toEqual(readFileSync(path.join(home, '.copilot', name)));
  });

  it('are recorded as they write; those that are not installed cost and say nothing', async () => {
    await using place = await Workplace.make();
    const home = path.join(place.root, 'home');
    const name = 'rollout-2026-11-22T06-42-10-01a201fd-a815-7770-b142-8b9fafc96cd5.jsonl';
    const lines = readFileSync(path.join(CODEX, 'home/.codex/sessions/2026/11/22', name), 'utf8').split('\n');
    const folder = path.join(home, '.codex', 'sessions', '2026', '11', '22');
    mkdirSync(folder, { recursive: true });
    const holdfast = await place.start();
    await holdfast.waitForStatus(({ watcher }) => watcher.lastReconcileAt !== null, 'the first look');
    for (const line of lines.filter((text) => text !== '')) appendFileSync(path.join(folder, name), `${line}\n`);
    await holdfast.waitForExchanges(1, 20_000);
    const status = await holdfast.waitForStatus(({ safety }) => safety.allSaved, 'all saved');

    expect(status.transcripts.missingRoots).toEqual([]);
    expect(status.transcripts.agents).toBe(2);
    // Those of Claude Code (two) and of Codex down to the day.
    expect(status.watcher.watchedDirectories).toBe(7);
    expect(status.transcripts.health.state).toBe('healthy');
    await holdfast.stop();
    expect(await place.export()).toMatchObject([
      { agent: 'codex', prompt: 'What is the capital of Portugal? Answer in one line.', state: 'complete' },
    ]);
  });
});
