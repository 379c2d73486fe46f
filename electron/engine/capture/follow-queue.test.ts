import { describe, expect, it } from 'vitest';
import { until } from '../core/test-support/until.ts';
import { FollowQueue, type FollowRequest } from './follow-queue.ts';
import type { FollowOutcome } from './transcript-tailer.ts';

/** Looks that end when the test says so. */
class Looks {
  readonly started: FollowRequest[] = [];
  readonly queue = new FollowQueue((request) => this.#look(request));
  readonly #running = new Map<string, (outcome: FollowOutcome) => void>();
  most = 0;

  constructor() {
    this.queue.open();
  }

  get paths(): string[] {
    return this.started.map((request) => request.path);
  }

  async finish(path: string, outcome: FollowOutcome = 'unchanged'): Promise<void> {
    const end = await until(() => this.#running.get(path));
    this.#running.delete(path);
    end(outcome);
    // Until the queue has taken the next one.
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  }

  #look(request: FollowRequest): Promise<FollowOutcome> {
    if (this.#running.has(request.path)) throw new Error(`two looks at ${request.path}`);
    this.started.push(request);
    const look = new Promise<FollowOutcome>((resolve) => this.#running.set(request.path, resolve));
    this.most = Math.max(this.most, this.#running.size);
    return look;
  }
}

describe('FollowQueue', () => {
  it('gives everybody who asked the outcome of the look', async () => {
    const looks = new Looks();

    const asked = [looks.queue.add('a', 'bulk'), looks.queue.add('b', 'live')];
    await looks.finish('a', 'advanced');
    await looks.finish('b', 'missing');

    expect(await Promise.all(asked)).toEqual(['advanced', 'missing']);
  });

  it('looks at a few paths at a time, and at one path once', async () => {
    const looks = new Looks();

    for (const path of ['a', 'b', 'c', 'd', 'e', 'f']) void looks.queue.add(path, 'bulk');
    const before = [...looks.paths];
    for (const path of ['a', 'b', 'c', 'd', 'e', 'f']) await looks.finish(path);

    expect(before).toEqual(['a', 'b', 'c', 'd']);
    expect(looks.paths).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(looks.most).toBe(4);
  });

  it('looks once at a path that is asked for again while it waits', async () => {
    const looks = new Looks();
    for (const path of ['a', 'b', 'c', 'd']) void looks.queue.add(path, 'bulk');

    const asked = [looks.queue.add('e', 'bulk'), looks.queue.add('e', 'live'), looks.queue.add('e', 'bulk', true)];
    await looks.finish('a');
    await looks.finish('e', 'advanced');

    expect(await Promise.all(asked)).toEqual(['advanced', 'advanced', 'advanced']);
    expect(looks.started.filter((request) => request.path === 'e')).toEqual([{ path: 'e', thorough: true }]);
  });

  it('looks once more at a path that is asked for while it is looked at', async () => {
    const looks = new Looks();
    const first = looks.queue.add('a', 'bulk');

    const again = [looks.queue.add('a', 'live'), looks.queue.add('a', 'live')];
    const during = [...looks.paths];
    await looks.finish('a', 'unchanged');
    await looks.finish('a', 'advanced');

    expect(during).toEqual(['a']);
    expect(await first).toBe('unchanged');
    expect(await Promise.all(again)).toEqual(['advanced', 'advanced']);
    expect(looks.paths).toEqual(['a', 'a']);
  });

  it('takes live files before those of an import, also one that waits among those', async () => {
    const looks = new Looks();
    for (const path of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) void looks.queue.add(path, 'bulk');

    void looks.queue.add('live', 'live');
    void looks.queue.add('g', 'live');
    await looks.finish('a');
    await looks.finish('b');
    await looks.finish('c');

    expect(looks.paths.slice(4)).toEqual(['live', 'g', 'e']);
  });

  it('is not held up by a path that is asked for again and again', async () => {
    const looks = new Looks();
    for (const path of ['a', 'b', 'c', 'd']) void looks.queue.add(path, 'live');
    void looks.queue.add('a', 'live');

    void looks.queue.add('e', 'live');
    await looks.finish('b');

    expect(looks.paths).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('refuses what comes after it was closed, and waits for what is under way', async () => {
    const looks = new Looks();
    const running = looks.queue.add('a', 'live');
    for (const path of ['b', 'c', 'd']) void looks.queue.add(path, 'live');
    const waiting = [looks.queue.add('e', 'bulk'), looks.queue.add('f', 'live')];
    let isClosed = false;

    const closing = looks.queue.close().then(() => (isClosed = true));
    const late = looks.queue.add('g', 'live');
    expect(await Promise.all([...waiting, late])).toEqual(['blocked', 'blocked', 'blocked']);
    expect(isClosed).toBe(false);
    for (const path of ['a', 'b', 'c', 'd']) await looks.finish(path, 'advanced');
    await closing;

    expect(await running).toBe('advanced');
    expect(looks.paths).toEqual(['a', 'b', 'c', 'd']);
  });

  it('works again after it was opened again', async () => {
    const looks = new Looks();
    await looks.queue.close();

    looks.queue.open();
    const asked = looks.queue.add('a', 'live');
    await looks.finish('a', 'advanced');

    expect(await asked).toBe('advanced');
  });
});
