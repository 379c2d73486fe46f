import type { Writable } from 'node:stream';
import { systemErrorCode } from '../engine/core/errors.ts';

/** The reader of the output has gone (`| head`): the command ends quietly. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}

/** Standard output or error: written in order, waited for, so that a slow reader slows the command and not its memory. */
export class Output {
  readonly isTerminal: boolean;
  /** Width of the terminal; 80 where there is none. */
  readonly columns: number;
  readonly stream: Writable;

  constructor(stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }) {
    this.stream = stream;
    this.isTerminal = stream.isTTY === true;
    this.columns = stream.columns ?? 80;
    // Every failure is given to the write that met it; without a listener it would end the process as well.
    stream.on('error', () => undefined);
  }

  /** Rejects with {@link BrokenPipe} when nobody reads any more. */
  async write(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.stream.write(text, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(isGone(error) ? new BrokenPipe('nobody reads', { cause: error }) : error);
      });
    });
  }

  async line(text = ''): Promise<void> {
    await this.write(`${text}\n`);
  }

  async json(value: unknown): Promise<void> {
    await this.line(JSON.stringify(value, null, 2));
  }
}

function isGone(error: Error): boolean {
  return ['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'].includes(systemErrorCode(error) ?? '');
}
