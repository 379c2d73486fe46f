import { systemErrorCode } from './errors.ts';

/** The part of a standard stream that is used here. */
interface OutputStream {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/**
 * Lets the program go on when nobody reads its output any more: a terminal that was closed, a pipe whose reader ended. A
 * recorder must not die of that, least of all while it stops.
 */
export function tolerateClosedOutput(streams: readonly OutputStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error) => {
      const code = systemErrorCode(error);
      if (code !== 'EPIPE' && code !== 'EIO' && code !== 'ERR_STREAM_DESTROYED') throw error;
    });
  }
}
