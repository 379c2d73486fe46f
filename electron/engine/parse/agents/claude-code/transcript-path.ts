/** What the place of a file says. All null for a file that belongs to no session (`history.jsonl`). */
export interface TranscriptPlace {
  readonly sessionId: string | null;
  readonly subagentId: string | null;
}

const SUBAGENT_FILE = /^agent-(.+?)(?:\.meta\.json|\.jsonl.*)$/u;
const SESSION_FOLDER = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;
const NOWHERE: TranscriptPlace = { sessionId: null, subagentId: null };

/**
 * Reads `projects/<folder>/<session>.jsonl`, `projects/<folder>/<session>/subagents/[workflows/<id>/]agent-<id>.jsonl`
 * (and `.meta.json`), `projects/<folder>/<session>/tool-results/<name>` and the older `projects/<folder>/agent-<id>.jsonl`.
 * The folder is never decoded: its name is ambiguous.
 */
export function placeOf(relativePath: string): TranscriptPlace {
  const [top, folder, ...below] = relativePath.split('/');
  const name = below.at(-1);
  if (top !== 'projects' || folder === undefined || name === undefined) return NOWHERE;
  const subagentId = SUBAGENT_FILE.exec(name)?.[1] ?? null;
  if (below.length > 1) return { sessionId: sessionFolder(below), subagentId };
  if (subagentId !== null) return { sessionId: null, subagentId };
  // `<session>.orphaned-….jsonl` and `<session>.jsonl.superseded-…` are the session's, too.
  const dot = name.indexOf('.');
  return dot > 0 && name.includes('.jsonl') ? { sessionId: name.slice(0, dot), subagentId: null } : NOWHERE;
}

/** Folders of sessions lie beside others (`memory` …). */
function sessionFolder(below: readonly string[]): string | null {
  const [folder = '', inside = ''] = below;
  return SESSION_FOLDER.test(folder) || ['subagents', 'tool-results'].includes(inside) ? folder : null;
}
