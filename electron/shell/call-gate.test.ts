import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { REQUESTS } from '../../shared/ipc.ts';
import { EngineError } from '../engine/core/errors.ts';
import { silentLogger } from '../engine/core/logger.ts';
import { CallGate, MOST_ARGUMENT_SIZE, isPlainWithin } from './call-gate.ts';
import { listeningHandlers } from './test-support/handlers.ts';
import type { HeardCall } from './test-support/handlers.ts';
import { TrustedSenders } from './trusted-senders.ts';
import type { CallEvent } from './trusted-senders.ts';

const PAGE: CallEvent = { sender: { id: 7 }, senderFrame: { origin: 'app://bundle', parent: null } };

describe('CallGate', () => {
  let heard: HeardCall[];
  let senders: TrustedSenders;
  let trust: Disposable;
  let gate: CallGate;

  beforeEach(() => {
    heard = [];
    senders = new TrustedSenders();
    trust = senders.add(7);
    const handlers = listeningHandlers(heard, {
      'sessions.get': () => {
        throw new EngineError('NOT_FOUND', 'There is no such session.');
      },
      'health.get': () => {
        throw new TypeError('boom');
      },
    });
    gate = new CallGate({ handlers, senders, logger: silentLogger });
  });

  const refusal = (code: string) => ({ ok: false, error: { code } });

  it('hands a call with defaults filled in to the engine', async () => {
    expect(await gate.answer(PAGE, 'search.query', { query: 'café' })).toEqual({ ok: true, value: {} });
    expect(heard).toMatchObject([{ topic: 'search.query', args: { query: 'café', limit: 20 } }]);
  });

  it.each<[string, CallEvent]>([
    ['an unknown page', { ...PAGE, sender: { id: 8 } }],
    ['a frame inside the page', { ...PAGE, senderFrame: { origin: 'app://bundle', parent: {} } }],
    ['a page from elsewhere', { ...PAGE, senderFrame: { origin: 'https://example.org', parent: null } }],
    ['a page that looks like ours', { ...PAGE, senderFrame: { origin: 'app://bundle.example.org', parent: null } }],
    ['a frame that is gone', { ...PAGE, senderFrame: null }],
  ])('refuses %s', async (_who, event) => {
    expect(await gate.answer(event, 'status.get', {})).toMatchObject(refusal('IPC_BAD_SENDER'));
    expect(heard).toEqual([]);
  });

  it('refuses a frame that is disposed while it is looked at', async () => {
    const event: CallEvent = {
      sender: { id: 7 },
      get senderFrame(): CallEvent['senderFrame'] {
        throw new Error('Render frame was disposed before WebFrameMain could be accessed');
      },
    };

    expect(await gate.answer(event, 'status.get', {})).toMatchObject(refusal('IPC_BAD_SENDER'));
  });

  it('refuses a page whose window was closed', async () => {
    trust[Symbol.dispose]();

    expect(await gate.answer(PAGE, 'status.get', {})).toMatchObject(refusal('IPC_BAD_SENDER'));
  });

  it.each([['files.read'], ['constructor'], ['__proto__'], ['window.show'], ['exchanges.page'], [7], [null], [{}]])(
    'does not know the request %s of a window',
    async (topic) => {
      expect(await gate.answer(PAGE, topic, {})).toMatchObject(refusal('IPC_UNKNOWN_TOPIC'));
    },
  );

  it.each([
    ['status.get', { more: 1 }],
    ['status.get', undefined],
    ['recording.pause', { minutes: 0 }],
    ['jobs.start', { kind: 'import', paths: ['/etc/passwd'] }],
    ['jobs.start', { kind: 'import', paths: 'x' }],
    ['jobs.start', { kind: 'rebuild' }],
    ['jobs.start', { kind: 'backup-restore', name: 'x' }],
    ['jobs.start', { kind: 'restore', session: 'a', to: '/tmp' }],
    ['search.query', { query: 'x'.repeat(MOST_ARGUMENT_SIZE) }],
    ['search.query', new Map([['query', 'x']])],
  ])('refuses arguments of %s that do not fit', async (topic, args) => {
    expect(await gate.answer(PAGE, topic, args)).toMatchObject(refusal('IPC_BAD_ARGUMENT'));
    expect(heard).toEqual([]);
  });

  it('lets the window restore to the place the engine chooses, and import what the settings name', async () => {
    expect(await gate.answer(PAGE, 'jobs.start', { kind: 'restore', session: 'a', to: null })).toMatchObject({
      ok: true,
    });
    expect(await gate.answer(PAGE, 'jobs.start', { kind: 'import', paths: [] })).toMatchObject({ ok: true });
  });

  it('keeps the code of an error, and turns any other into INTERNAL', async () => {
    expect(await gate.answer(PAGE, 'sessions.get', { session: 'x' })).toMatchObject(refusal('NOT_FOUND'));
    expect(await gate.answer(PAGE, 'health.get', {})).toMatchObject(refusal('INTERNAL'));
  });

  it('answers every topic and every argument with an envelope', async () => {
    const topics = fc.oneof(fc.constantFrom(...Object.keys(REQUESTS)), fc.string(), fc.anything());
    await fc.assert(
      fc.asyncProperty(topics, fc.anything({ withMap: true, withSet: true, withDate: true }), async (topic, args) => {
        const envelope = await gate.answer(PAGE, topic, args);

        expect(typeof envelope.ok).toBe('boolean');
      }),
    );
  });
});

describe('isPlainWithin', () => {
  it('takes plain data up to the limit', () => {
    expect(isPlainWithin({ a: [1, 'b', null, true] }, 100)).toBe(true);
    expect(isPlainWithin('x'.repeat(92), 100)).toBe(true);
    expect(isPlainWithin('x'.repeat(93), 100)).toBe(false);
  });

  it('ends on what refers to itself', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;

    expect(isPlainWithin(circular, 10_000)).toBe(false);
  });

  it('refuses a huge array with nothing in it', () => {
    expect(isPlainWithin(new Array(1_000_000), 10_000)).toBe(false);
  });
});
