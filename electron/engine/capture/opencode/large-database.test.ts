import { describe, expect, it } from 'vitest';
import { answersOf } from '../../parse/exchange-parts.ts';
import type { Clock } from '../../core/clock.ts';
import { OpencodeBed } from './test-support/opencode-bed.ts';

const SESSIONS = 20;
const EXCHANGES = 100;

/** A clock that the test moves; nobody sleeps by it here. */
class MovedClock implements Clock {
  moved = 0;

  now(): number {
    return Date.now() + this.moved;
  }

  monotonic(): number {
    return this.moved;
  }

  sleep(): Promise<void> {
    return Promise.reject(new Error('nobody sleeps here'));
  }

  every(): Disposable {
    throw new Error('nobody waits here');
  }
}

describe('a large database of opencode', () => {
  it('is read once; later looks read what is new, and now and then what changed far back', async () => {
    const clock = new MovedClock();
    await using bed = new OpencodeBed(clock);
    const agent = bed.agent(Date.now() - 3_600_000);
    const answers = agent.database.transaction(() =>
      Array.from({ length: SESSIONS }, (_, session) => {
        const id = `ses_${String(session)}`;
        agent.session({ id });
        return Array.from({ length: EXCHANGES }, (_exchange, i) => {
          const answer = agent.begin(id, agent.prompt(id, `Question ${String(i)} of ${id}`));
          agent.finish(id, answer, `Answer ${String(i)}`);
          return answer;
        });
      }),
    )();
    agent.now = Date.now() - 60_000;

    await bed.follow();
    expect(bed.exchanges().length).toBe(500);
    expect(bed.figures.counts(clock.now()).exchanges).toBe(SESSIONS * EXCHANGES);
    const [first] = bed.opened.splice(0);

    // Behind the latest rows nothing is looked at for a while.
    const old = answers[0]?.[0]?.text ?? '';
    agent.change('part', old, { text: 'Changed later' });
    agent.exchange('ses_19', 'New', 'Yes');
    await bed.follow();
    const soon = bed.opened.splice(0).reduce((sum, { rowsRead }) => sum + rowsRead, 0);
    const before = answersOf(bed.exchanges()[0]?.parts ?? []);
    clock.moved += 3_600_000;
    await bed.follow();

    expect(first?.rowsRead).toBeGreaterThan(SESSIONS * EXCHANGES * 5);
    expect(soon).toBeLessThan(150);
    expect(before).toEqual(['Answer 0']);
    expect(answersOf(bed.exchanges()[0]?.parts ?? [])).toEqual(['Changed later']);
    expect(bed.figures.counts(clock.now()).exchanges).toBe(SESSIONS * EXCHANGES + 1);
  });
});
