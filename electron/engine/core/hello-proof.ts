import { createHmac } from 'node:crypto';

/**
 * What an engine answers to `GET /api/hello?nonce=…`: 64 hex digits that only a holder of the token can compute. A client
 * asks for it before it sends the token, since after a crash another program may have taken the port.
 */
export function helloProof(token: string, nonce: string): string {
  return createHmac('sha256', token).update(`holdfast-hello:${nonce}`).digest('hex');
}
