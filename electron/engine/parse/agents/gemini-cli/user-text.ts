/** Tells apart what stands in a message of the type `user`: a person's prompt, or what the client says to the model. */

export type UserText =
  | { readonly kind: 'prompt'; readonly text: string }
  /** Set up for the model at the start of a session. */
  | { readonly kind: 'session-context'; readonly directory: string | null }
  | { readonly kind: 'compaction'; readonly text: string }
  /** Words that the client put in for the model. */
  | { readonly kind: 'injected'; readonly text: string };

const SESSION_STARTS = ['<session_context>', 'This is the Gemini CLI. We are setting up the context for our chat.'];
const SNAPSHOT_START = '<state_snapshot>';
/** Parts of a message that stand beside the prompt, or alone. */
const INJECTED_STARTS = [
  '<hook_context>',
  "Here is the user's editor context",
  "Here is a summary of changes in the user's editor context",
  'System: Please continue.',
  'System: Potential loop detected.',
  '[System: You previously ',
] as const;
/** Files that were named in the prompt with `@` follow behind it. */
const FILES_START = '--- Content from referenced files ---';
const DIRECTORY = /(?:Workspace Directories:\*\*\s*\n\s*- |working in the directory: )(?<directory>[^\n]+)/u;

/** @param texts the parts of the message that are text, in order; at least one */
export function readUserText(texts: readonly string[]): UserText {
  const whole = texts.join('');
  const start = whole.trimStart();
  if (SESSION_STARTS.some((mark) => start.startsWith(mark))) {
    return { kind: 'session-context', directory: DIRECTORY.exec(whole)?.groups?.['directory']?.trim() ?? null };
  }
  if (start.startsWith(SNAPSHOT_START)) return { kind: 'compaction', text: whole };
  const files = texts.findIndex((text, index) => index > 0 && text.trim() === FILES_START);
  const said = (files < 0 ? texts : texts.slice(0, files)).filter((text) => !isInjected(text));
  return said.length === 0 ? { kind: 'injected', text: whole } : { kind: 'prompt', text: said.join('') };
}

function isInjected(text: string): boolean {
  const start = text.trimStart();
  return INJECTED_STARTS.some((mark) => start.startsWith(mark));
}
