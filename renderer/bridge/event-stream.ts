/** One server-sent event. `event` is its name, `message` where the stream names none. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Reads `text/event-stream` piece by piece. In: text in any split. Out: whole events, each once, in order. Comments, ids
 * and retry hints are passed over. Used because the browser's EventSource cannot send a bearer token.
 */
export class EventStreamReader {
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** Takes the next piece and returns the events that it completes. */
  push(piece: string): readonly StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = this.#take(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  #take(line: string): StreamEvent | null {
    if (line === '') return this.#flush();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return null;
  }

  #flush(): StreamEvent | null {
    const event = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return isEmpty ? null : event;
  }
}
