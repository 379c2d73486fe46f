import type { Envelope, ErrorCode, ErrorEnvelope } from '../../shared/error-code.ts';

/** A call that was refused or could not be made. `message` is a sentence for people. */
export class CallError extends Error {
  readonly code: ErrorCode;

  constructor(envelope: ErrorEnvelope, cause?: unknown) {
    super(envelope.message, { cause });
    this.name = 'CallError';
    this.code = envelope.code;
  }
}

/** The value of an envelope. Throws its error as {@link CallError}, so that the code survives the crossing. */
export function unwrap<T>(envelope: Envelope<T>): T {
  if (envelope.ok) return envelope.value;
  throw new CallError(envelope.error);
}
