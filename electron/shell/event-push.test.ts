import { describe, expect, it } from 'vitest';
import type { Events } from '../../shared/ipc.ts';
import { calmSnapshot } from '../../tests/window/sample-snapshot.ts';
import { Emitter } from '../engine/core/emitter.ts';
import { ManualClock } from '../engine/core/test-support/manual-clock.ts';
import { EventPush, LEAST_GAP_MS } from './event-push.ts';

function bench() {
  const status = new Emitter<Events['status.changed']>();
  const jobs = new Emitter<Events['job.changed']>();
  const shown = new Emitter<void>();
  const sent: number[] = [];
  const receiver = {
    isVisible: true,
    send: (_topic: string, payload: Events[keyof Events]) => sent.push('at' in payload ? payload.at : -1),
    onShown: (listener: () => void) => shown.on(listener),
  };
  const clock = new ManualClock();
  const engine = {
    on: <E extends keyof Events>(topic: E, listener: (payload: Events[E]) => void) =>
      // Two emitters, one for each topic: the types of the pair cannot be followed.
      (topic === 'status.changed' ? status : jobs).on(listener as (payload: unknown) => void),
  };
  const push = new EventPush({ engine, receiver, clock });
  push.start();
  return { sent, receiver, clock, push, shown, tell: (at: number) => status.emit(calmSnapshot(at)) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('EventPush', () => {
  it('sends a first event at once, and then the newest four times a second', async () => {
    const { sent, clock, tell } = bench();

    for (let at = 1; at <= 100; at += 1) {
      tell(at);
      clock.advance(10);
      await settle();
    }

    expect(sent).toEqual([1, 25, 50, 75, 100]);
    expect(1000 / LEAST_GAP_MS).toBe(4);
  });

  it('sends nothing while nobody sees the window, and the newest when it is shown', async () => {
    const { sent, receiver, clock, shown, tell } = bench();
    receiver.isVisible = false;
    for (const at of [1, 2, 3]) {
      tell(at);
      clock.advance(LEAST_GAP_MS);
      await settle();
    }
    expect(sent).toEqual([]);

    receiver.isVisible = true;
    shown.emit();

    expect(sent).toEqual([3]);
  });

  it('does not send again what was sent', () => {
    const { sent, clock, shown, tell } = bench();
    tell(1);
    clock.advance(LEAST_GAP_MS);

    shown.emit();

    expect(sent).toEqual([1]);
  });

  it('is silent after it was stopped', async () => {
    const { sent, clock, push, tell } = bench();
    tell(1);
    tell(2);

    push.stop();
    tell(3);
    clock.advance(LEAST_GAP_MS);
    await settle();

    expect(sent).toEqual([1]);
  });
});
