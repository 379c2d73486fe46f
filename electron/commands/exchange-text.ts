import type { Exchange, ExchangePart } from '../../shared/exchange.ts';
import { InvariantError } from '../engine/core/errors.ts';
import { bytesText, countText, timeText } from './figures.ts';
import { plainLine, plainText } from './plain-text.ts';

/**
 * An exchange for reading: prompt, answers, and between them what the agent did, folded into one line.
 * @param full unfolds tools and thinking
 */
export function exchangeLines(exchange: Exchange, full: boolean): readonly string[] {
  const who = exchange.isSubagent ? 'Subagent task' : 'You';
  const states = [
    ...(exchange.state === 'complete' ? [] : [exchange.state]),
    ...(exchange.isAbandoned === true ? ['taken back'] : []),
  ];
  const state = states.length === 0 ? '' : ` (${states.join(', ')})`;
  const lines = ['', `--- ${who}, ${timeText(exchange.startedAt)}${state}`, plainText(exchange.prompt)];
  for (const block of blocksOf(exchange.parts)) {
    if (block.isText) lines.push('', '--- Agent', ...block.parts.map(({ text }) => plainText(text)));
    else lines.push(...(full ? block.parts.flatMap(unfolded) : folded(block.parts)));
  }
  return lines;
}

type TextPart = Extract<ExchangePart, { kind: 'text' }>;
type OtherPart = Exclude<ExchangePart, TextPart>;
type Block =
  { readonly isText: true; readonly parts: TextPart[] } | { readonly isText: false; readonly parts: OtherPart[] };

function blocksOf(parts: readonly ExchangePart[]): readonly Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    const last = blocks.at(-1);
    if (part.kind === 'text') {
      if (last?.isText === true) last.parts.push(part);
      else blocks.push({ isText: true, parts: [part] });
    } else if (last?.isText === false) last.parts.push(part);
    else blocks.push({ isText: false, parts: [part] });
  }
  return blocks;
}

/** `  · thought, Bash ×3, Read`, and a line for each notice, which people want to see in any case. */
function folded(parts: readonly OtherPart[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const part of parts) {
    const name = part.kind === 'tool' ? plainLine(part.name) : part.kind === 'thinking' ? 'thought' : null;
    if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const done = [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${countText(count)}`));
  return [
    ...(done.length === 0 ? [] : [`  · ${done.join(', ')}`]),
    ...parts.flatMap((part) => (part.kind === 'notice' ? unfolded(part) : [])),
  ];
}

function unfolded(part: OtherPart): readonly string[] {
  switch (part.kind) {
    case 'thinking':
      return ['  · thinking', ...indented(part.text)];
    case 'tool':
      return [`  · ${plainLine(part.name)}: ${plainLine(part.summary)}`];
    case 'tool-result':
      return [`    ${part.isError ? 'failed' : 'result'}, ${bytesText(part.sizeBytes)}`];
    case 'notice':
      return [`  · ${part.notice}`, ...indented(part.text)];
    default:
      throw new InvariantError(`unexpected part: ${JSON.stringify(part)}`);
  }
}

function indented(text: string): readonly string[] {
  return text === ''
    ? []
    : plainText(text)
        .trimEnd()
        .split('\n')
        .map((line) => `    ${line}`);
}
