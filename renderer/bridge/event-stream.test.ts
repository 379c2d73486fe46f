import { describe, expect, it } from 'vitest';
import { EventStreamReader } from './event-stream.ts';

const STREAM =
  ': hello\r\nevent: status.changed\ndata: {"at":1}\n\nevent: job.changed\ndata: {"a":\ndata: 2}\n\ndata: x\n\n';
const EVENTS = [
  { event: 'status.changed', data: '{"at":1}' },
  { event: 'job.changed', data: '{"a":\n2}' },
  { event: 'message', data: 'x' },
];

describe('EventStreamReader', () => {
  it('gives the same events wherever the stream is cut', () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const reader = new EventStreamReader();

      const events = [...reader.push(STREAM.slice(0, cut)), ...reader.push(STREAM.slice(cut))];

      expect(events).toEqual(EVENTS);
    }
  });

  it('keeps an event back until its blank line has come', () => {
    const reader = new EventStreamReader();

    expect(reader.push('event: job.changed\ndata: 1\n')).toEqual([]);
    expect(reader.push('\n')).toEqual([{ event: 'job.changed', data: '1' }]);
  });

  it('passes over comments that keep the line open', () => {
    expect(new EventStreamReader().push(': ping\n\n: ping\n\n')).toEqual([]);
  });
});
