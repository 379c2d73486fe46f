/** Finds a person's words in what the client sends under the name of the user. */

/** Blocks that the client puts in, each one whole between its marks. */
const WRAPPERS: readonly (readonly [open: string, close: string])[] = [
  ['# agents.md instructions', '</instructions>'],
  ['<user_instructions>', '</user_instructions>'],
  ['<environment_context>', '</environment_context>'],
  ['<agent_message_board_notification>', '</agent_message_board_notification>'],
  ['<skill>', '</skill>'],
  ['<user_shell_command>', '</user_shell_command>'],
  ['<turn_aborted>', '</turn_aborted>'],
  ['<subagent_notification>', '</subagent_notification>'],
  ['<recommended_plugins>', '</recommended_plugins>'],
  ['<user_action>', '</user_action>'],
  ['<hook_prompt', '</hook_prompt>'],
  ['<permissions instructions>', '</permissions instructions>'],
  ['<collaboration_mode>', '</collaboration_mode>'],
  ['<personality_spec>', '</personality_spec>'],
  ['<ide_context>', '</ide_context>'],
];

/** Editors put what is open and selected in front of the request, under a heading of the first rank. */
const REQUEST_HEADING = /(?:^|\n)##? My request for Codex:[^\S\n]*(?:\r?\n|$)?/u;

/** True for a block that is nothing but one of the client's own. */
export function isWrapper(text: string): boolean {
  const trimmed = text.trim().toLowerCase();
  return WRAPPERS.some(([open, close]) => trimmed.startsWith(open) && trimmed.endsWith(close));
}

/** The request without what an editor put in front of it. */
export function requestOf(text: string): string {
  if (!/^\s*#/u.test(text)) return text;
  const heading = REQUEST_HEADING.exec(text);
  return heading === null ? text : text.slice(heading.index + heading[0].length).trim();
}
