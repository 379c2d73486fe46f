/**
 * Words that say what kind of exchange it is. They stand in a full-text column of their own, so that a search that is filtered
 * takes no longer than one for a further word.
 */
import { createHash } from 'node:crypto';
import type { Agent, ExchangeDraft } from '../../../shared/exchange.ts';

export const HAS_CODE = 'hascode';
export const IS_SUBAGENT = 'subagent';
const MOST_TOOLS = 64;
const CODE_FENCE = /^(?:```|~~~)/mu;

export function agentTag(agent: Agent): string {
  return `agent${wordOf(agent)}`;
}

export function projectTag(project: string): string {
  return `project${createHash('sha256').update(project).digest('hex').slice(0, 16)}`;
}

export function toolTag(name: string): string {
  return `tool${wordOf(name)}`;
}

/** @returns words with a space between each */
export function tagsOf(draft: ExchangeDraft): string {
  const tools = new Set(draft.parts.flatMap((part) => (part.kind === 'tool' ? [toolTag(part.name)] : [])));
  return [
    agentTag(draft.agent),
    ...(draft.project === null ? [] : [projectTag(draft.project)]),
    ...(draft.isSubagent ? [IS_SUBAGENT] : []),
    ...(holdsCode(draft) ? [HAS_CODE] : []),
    ...[...tools].slice(0, MOST_TOOLS),
  ].join(' ');
}

function holdsCode(draft: ExchangeDraft): boolean {
  return (
    CODE_FENCE.test(draft.prompt) || draft.parts.some((part) => part.kind === 'text' && CODE_FENCE.test(part.text))
  );
}

/** Letters and digits only: full text would cut anything else into several words. */
function wordOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/gu, '');
}
