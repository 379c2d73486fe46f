/** What the place of a file says. */
export interface SessionPlace {
  /** Folder or file of the session; its first event may name another one. */
  readonly sessionId: string | null;
  /** One JSON text, as the first versions wrote them. */
  readonly isDocument: boolean;
}

/**
 * Reads `session-state/<session>/events.jsonl`, the older `session-state/<session>.jsonl`, and
 * `history-session-state/session_<session>_<time>.json`.
 */
export function sessionPlaceOf(relativePath: string): SessionPlace {
  const [top, second, third] = relativePath.split('/');
  if (top === undefined || second === undefined || !top.endsWith('session-state')) {
    return { sessionId: null, isDocument: false };
  }
  if (third !== undefined) return { sessionId: second, isDocument: false };
  const stem = second.replace(/\.jsonl?$/u, '');
  const named = /^session_(.+?)(?:_\d+)?$/u.exec(stem)?.[1];
  return { sessionId: named ?? stem, isDocument: second.endsWith('.json') };
}
