import { describe, expect, it } from 'vitest';
import { ServiceGroup, type Service } from './service.ts';

const NEVER = new AbortController().signal;

function newServices(events: string[], faults: Readonly<Record<string, string>> = {}): Service[] {
  return ['a', 'b', 'c'].map((name) => {
    const act = (what: string): Promise<void> => {
      events.push(`${what} ${name}`);
      return faults[name] === what ? Promise.reject(new Error(`${what} ${name} failed`)) : Promise.resolve();
    };
    return { name, start: () => act('start'), stop: () => act('stop') };
  });
}

describe('ServiceGroup', () => {
  it('starts in the order given and stops in the reverse one, once', async () => {
    const events: string[] = [];
    const group = new ServiceGroup(newServices(events));

    await group.start(NEVER);
    await group.stop();
    await group.stop();

    expect(events).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
  });

  it('undoes a start that fails half-way, and says why it failed', async () => {
    const events: string[] = [];
    const group = new ServiceGroup(newServices(events, { c: 'start' }));

    await expect(group.start(NEVER)).rejects.toThrow('start c failed');
    expect(events).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a']);
  });

  it('says why it did not start even if the undoing fails as well', async () => {
    const events: string[] = [];
    const group = new ServiceGroup(newServices(events, { c: 'start', b: 'stop' }));

    await expect(group.start(NEVER)).rejects.toThrow('start c failed');
    expect(events.slice(3)).toEqual(['stop b', 'stop a']);
  });

  it('stops the others although one of them fails, and tells of it', async () => {
    const events: string[] = [];
    const group = new ServiceGroup(newServices(events, { b: 'stop' }));
    await group.start(NEVER);

    await expect(group.stop()).rejects.toMatchObject({
      errors: [expect.objectContaining({ message: 'stop b failed' })],
    });
    expect(events.slice(3)).toEqual(['stop c', 'stop b', 'stop a']);
  });

  it('starts no more when it is aborted, and undoes what it has', async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const services = newServices(events);
    const aborting = {
      name: 'aborting',
      start: () => {
        stop.abort();
        return Promise.resolve();
      },
      stop: () => Promise.resolve(),
    };
    const group = new ServiceGroup([...services.slice(0, 1), aborting, ...services.slice(1)]);

    await expect(group.start(stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(events).toEqual(['start a', 'stop a']);
  });
});
