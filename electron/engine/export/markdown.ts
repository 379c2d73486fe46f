import type { DocumentExchange, DocumentPart, SessionDocument } from './session-document.ts';
import { timeOf, type Detail, type ExportDetail } from './export-options.ts';

const NOTICES: Readonly<Record<string, string>> = {
  compacted: 'The conversation was compacted here; the agent went on with this summary',
  interrupted: 'Interrupted',
  'service-error': 'The service of the model failed',
  'command-output': 'Output of a command',
  context: 'Put in by the client',
};

/** A session as Markdown. What people and agents wrote stands as it was written. */
export function* markdownOf(document: SessionDocument, detail: ExportDetail): Generator<string, void, undefined> {
  const { session, exchanges } = document;
  yield `# ${oneLine(session.title) || session.id}\n\n`;
  const facts = [
    ['Agent', session.agent],
    ['Session', session.id],
    ['Project', session.project ?? ''],
    ['Started', timeOf(session.startedAt)],
    ['Exchanges', String(exchanges.length)],
  ];
  for (const [name, value] of facts) if (value !== '') yield `- ${name}: ${inlineCode(value ?? '')}\n`;
  for (const exchange of exchanges) yield* exchangeOf(exchange, detail);
}

function* exchangeOf(exchange: DocumentExchange, detail: ExportDetail): Generator<string, void, undefined> {
  const when = timeOf(exchange.startedAt);
  const state = exchange.state === 'complete' ? '' : ` (${exchange.state})`;
  yield `\n---\n\n## ${exchange.isSubagent ? 'Task of a subagent' : 'You'}${when === '' ? '' : `, ${when}`}${state}\n\n`;
  yield `${quoted(exchange.prompt)}\n`;
  let isSpeaking = false;
  for (const part of exchange.parts) {
    const text = partOf(part, detail);
    if (text === '') continue;
    if (part.kind === 'text' && !isSpeaking) yield '\n### Agent\n';
    isSpeaking = part.kind === 'text';
    yield `\n${text}\n`;
  }
}

function partOf(part: DocumentPart, detail: ExportDetail): string {
  switch (part.kind) {
    case 'text':
      return part.text.trimEnd();
    case 'thinking':
      return folded(detail.thinking, 'Thinking', quoted(part.text));
    case 'tool':
      return toolOf(part, detail.tools);
    case 'notice':
      return `*${NOTICES[part.notice] ?? part.notice}${part.text === '' ? '.*' : `:*\n\n${quoted(part.text)}`}`;
  }
}

function toolOf(part: Extract<DocumentPart, { kind: 'tool' }>, detail: Detail): string {
  const name = part.name === '' ? 'Result of a tool' : part.name;
  const title = `${name}${part.summary === '' ? '' : `: ${oneLine(part.summary)}`}${part.isError ? ' (failed)' : ''}`;
  const blocks = [
    ...(part.input === null ? [] : [`Input:\n\n${fenced(part.input)}`]),
    ...(part.output === null ? [] : [`Output:\n\n${fenced(part.output)}`]),
  ];
  return folded(detail, title, blocks.join('\n\n'));
}

/** GitHub, GitLab and most editors show `details` closed. */
function folded(detail: Detail, title: string, body: string): string {
  if (detail === 'none') return '';
  if (detail === 'full') return body === '' ? `**${escaped(title)}**` : `**${escaped(title)}**\n\n${body}`;
  if (body === '') return `- ${escaped(title)}`;
  return `<details><summary>${asHtml(title)}</summary>\n\n${body}\n\n</details>`;
}

/** A fence that is longer than any run of backticks in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.replace(/\n$/u, '')}\n${fence}`;
}

function quoted(text: string): string {
  return text
    .trimEnd()
    .split(/\r?\n/u)
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');
}

function inlineCode(text: string): string {
  return text.includes('`') ? escaped(text) : `\`${oneLine(text)}\``;
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|]/gu, '\\$&');
}

function asHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
