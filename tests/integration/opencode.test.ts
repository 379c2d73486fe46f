import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { OpencodeDatabase } from '../../electron/engine/capture/opencode/test-support/opencode-database.ts';
import { expectClean } from '../support/proof.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Workplace } from '../support/workplace.ts';

const SESSION = 'ses_one';

function databaseIn(place: Workplace): string {
  return path.join(place.root, 'home', '.local', 'share', 'opencode', 'opencode.db');
}

describe('opencode', () => {
  it('is imported, proven, and given back by rows; a second import adds nothing', async () => {
    await using place = await Workplace.make();
    using agent = new OpencodeDatabase(databaseIn(place));
    agent.session({ id: SESSION });
    for (let i = 0; i < 20; i += 1) agent.exchange(SESSION, `Question ${i}`, `Answer ${i}`);
    agent.session({ id: 'ses_two', parent: SESSION });
    agent.exchange('ses_two', 'Asked by an agent', 'Answered');

    const first = await place.import();
    const second = await place.import();
    const exported = await place.export();

    expect(first).toMatchObject({ failed: 0, quarantined: 0, exchanges: 20, subagentExchanges: 1 });
    expect(
      exported.filter((exchange) => !exchange.is_subagent).map(({ prompt, answers }) => [prompt, answers]),
    ).toEqual(Array.from({ length: 20 }, (_, i) => [`Question ${i}`, [`Answer ${i}`]]));
    expect(second).toMatchObject({ imported: 0, newRecords: 0, failed: 0 });
    expectClean(await place.verify());

    const to = path.join(place.root, 'given-back');
    const { written } = await place.restore(SESSION, '--to', to);
    expect(written.map((file) => path.relative(to, file.path)).sort()).toEqual([
      'opencode.db/ses_one.jsonl',
      'opencode.db/ses_one/ses_two.jsonl',
    ]);
    expect(readFileSync(path.join(to, 'opencode.db/ses_one.jsonl'), 'utf8')).toContain('Answer 19');
  });

  it('is recorded while it works', async () => {
    await using place = await Workplace.make();
    using agent = new OpencodeDatabase(databaseIn(place), Date.now());
    await place.start();
    agent.session({ id: SESSION });
    const answer = agent.begin(SESSION, agent.prompt(SESSION, 'Hello'));
    await waitUntil(
      () => place.export(),
      (seen) => seen.length === 1,
      'the prompt',
    );
    agent.finish(SESSION, answer, 'Hi');
    await waitUntil(
      () => place.export(),
      ([seen]) => seen?.answers[0] === 'Hi',
      'the answer',
    );

    expectClean(await place.verify());
  });
});
