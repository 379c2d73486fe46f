import { copyFileSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Headless } from '../support/headless.ts';
import { expectClean } from '../support/proof.ts';
import { append, idOf, sessionFile, smallExchange, smallExchanges, textOf } from '../support/session-lines.ts';
import type { SmallExchange } from '../support/session-lines.ts';
import { Workplace } from '../support/workplace.ts';

const SESSION = idOf('the session');
const FORK = idOf('the fork');

/** Each is saved once, with its own prompt and answer, and nothing else; and the proof is clean. */
async function expectSaved(holdfast: Headless, wanted: readonly SmallExchange[]): Promise<void> {
  expectClean(await holdfast.verify());
  const saved = (await holdfast.exchanges()).map(({ key, prompt, parts }) => ({
    id: key,
    prompt,
    answer: parts.map((part) => (part.kind === 'text' ? part.text : part.kind)).join('|'),
  }));
  const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id);
  expect(saved.sort(byId)).toEqual(wanted.map(({ id, prompt, answer }) => ({ id, prompt, answer })).sort(byId));
}

/** A started Holdfast that has saved these exchanges of `SESSION`. */
async function recorded(place: Workplace, exchanges: readonly SmallExchange[]): Promise<Headless> {
  append(sessionFile(place.projects, SESSION), textOf(exchanges));
  const holdfast = await place.start();
  await holdfast.waitForExchanges(exchanges.length);
  return holdfast;
}

describe('a transcript that is changed under a running Holdfast', () => {
  it('keeps what was saved when it is truncated and written anew', async () => {
    await using place = await Workplace.make();
    const old = smallExchanges(SESSION, 'old', 3);
    const fresh = smallExchanges(SESSION, 'fresh', 1);
    const holdfast = await recorded(place, old);
    const file = sessionFile(place.projects, SESSION);

    truncateSync(file, 0);
    append(file, textOf(fresh));
    await holdfast.waitForExchanges(4);

    await expectSaved(holdfast, [...old, ...fresh]);
  });

  it('keeps what was saved when its end is cut off, and has nothing twice', async () => {
    await using place = await Workplace.make();
    const old = smallExchanges(SESSION, 'old', 4);
    const more = smallExchange(SESSION, 'more', 9);
    const holdfast = await recorded(place, old);
    const file = sessionFile(place.projects, SESSION);

    truncateSync(file, textOf(old.slice(0, 2)).length);
    append(file, textOf([more]));
    await holdfast.waitForExchanges(5);

    await expectSaved(holdfast, [...old, more]);
  });

  it('keeps both when it is replaced by other content of the same size', async () => {
    await using place = await Workplace.make();
    const one = smallExchanges(SESSION, 'one', 3);
    const two = smallExchanges(SESSION, 'two', 3);
    const holdfast = await recorded(place, one);
    const file = sessionFile(place.projects, SESSION);

    writeFileSync(`${file}.new`, textOf(two));
    expect(statSync(`${file}.new`).size).toBe(statSync(file).size);
    renameSync(`${file}.new`, file);
    await holdfast.waitForExchanges(6);

    await expectSaved(holdfast, [...one, ...two]);
  });

  it('goes on under its new name when it is renamed', async () => {
    await using place = await Workplace.make();
    const before = smallExchanges(SESSION, 'before', 2);
    const after = smallExchange(SESSION, 'after', 5);
    const holdfast = await recorded(place, before);
    const file = sessionFile(place.projects, SESSION);
    const renamed = sessionFile(place.projects, SESSION, '-home-ana-work-moved');

    append(renamed, '');
    rmSync(renamed);
    renameSync(file, renamed);
    append(renamed, textOf([after]));
    await holdfast.waitForExchanges(3);

    await expectSaved(holdfast, [...before, after]);
  });

  it('stays saved when it is deleted, and goes on when it comes back', async () => {
    await using place = await Workplace.make();
    const before = smallExchanges(SESSION, 'before', 2);
    const after = smallExchange(SESSION, 'after', 5);
    const holdfast = await recorded(place, before);
    const file = sessionFile(place.projects, SESSION);

    rmSync(file);
    expectClean(await holdfast.verify());
    append(file, textOf([...before, after]));
    await holdfast.waitForExchanges(3);

    await expectSaved(holdfast, [...before, after]);
  });

  it('does not duplicate the past that a fork copies', async () => {
    await using place = await Workplace.make();
    const past = smallExchanges(SESSION, 'past', 3);
    const own = smallExchange(FORK, 'of the fork', 7);
    const holdfast = await recorded(place, past);
    const fork = sessionFile(place.projects, FORK);

    copyFileSync(sessionFile(place.projects, SESSION), fork);
    append(fork, textOf([own]));
    await holdfast.waitForExchanges(4);

    await expectSaved(holdfast, [...past, own]);
  });
});

describe('a transcript that is changed while Holdfast does not run', () => {
  it('keeps everything of a file that was replaced, one that was renamed and one that was deleted', async () => {
    await using place = await Workplace.make();
    const names = ['replaced', 'renamed', 'deleted'] as const;
    const olds = names.map((name) => smallExchanges(idOf(name), `${name} old`, 2));
    const [replaced, renamed, deleted] = names.map((name) => sessionFile(place.projects, idOf(name)));
    names.forEach((name, index) => append(sessionFile(place.projects, idOf(name)), textOf(olds[index] ?? [])));
    const first = await place.start();
    await first.waitForExchanges(6);
    await first.stop();

    const fresh = smallExchanges(idOf('replaced'), 'replaced new', 2);
    writeFileSync(replaced ?? '', textOf(fresh));
    renameSync(renamed ?? '', sessionFile(place.projects, idOf('new name')));
    rmSync(deleted ?? '');
    const second = await place.start();
    await second.waitForExchanges(8);

    await expectSaved(second, [...olds.flat(), ...fresh]);
  });

  it('is shown as different by verify when bytes in its middle changed, and put right by a resync', async () => {
    await using place = await Workplace.make();
    const old = smallExchanges(SESSION, 'old', 60);
    const file = sessionFile(place.projects, SESSION);
    const other = smallExchange(SESSION, 'new 30', 29);
    append(file, textOf(old));
    await place.import();

    writeFileSync(file, textOf(old.map((exchange, index) => (index === 29 ? other : exchange))));
    const different = await place.verify();
    const resync = await place.resync();

    expect(different).toMatchObject({ code: 1, missing: expect.any(Number) as number });
    expect(different.missing).toBeGreaterThan(0);
    expect(resync.proof).toMatchObject({ missing: 0, duplicated: 0 });
    await expectSaved(await place.start(), [...old, other]);
  });
});

describe('a last line that is not finished', () => {
  it('waits across a restart, is no dead letter, and is saved once when it is whole', async () => {
    await using place = await Workplace.make();
    const whole = smallExchanges(SESSION, 'whole', 2);
    const late = smallExchange(SESSION, 'late', 3);
    const file = sessionFile(place.projects, SESSION);
    const text = textOf([late]);
    const cut = late.lines[0].length + 100;
    const first = await recorded(place, whole);

    append(file, text.slice(0, cut));
    await first.waitForExchanges(3);
    await first.stop();
    // So old that somebody might think it is never finished.
    utimesSync(file, Date.now() / 1000 - 7200, Date.now() / 1000 - 7200);
    const second = await place.start();
    expectClean(await second.verify());
    append(file, text.slice(cut));
    await second.waitForStatus(
      ({ store }) => store.records === 6 && store.deadLetters === 0,
      'the late line saved, and nothing set aside',
    );

    await expectSaved(second, [...whole, late]);
    expect(await second.call('deadLetters.list', {})).toEqual([]);
  });
});
