/**
 * A session as one HTML file that needs nothing else: no script, nothing loaded from anywhere. Markdown is shown as such, code in
 * colours; markup inside a conversation stays text.
 */
import hljs from 'highlight.js/lib/common';
import MarkdownIt from 'markdown-it';
import { timeOf, type Detail, type ExportDetail } from './export-options.ts';
import { DOCUMENT_STYLE } from './html-style.ts';
import type { DocumentExchange, DocumentPart, SessionDocument } from './session-document.ts';

/** Longer code is shown without colours: to colour a megabyte takes seconds. */
const MOST_COLOURED = 100_000;
/** Nothing is run and nothing is loaded, whatever stands in the conversation. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const NOTICES: Readonly<Record<string, string>> = {
  compacted: 'The conversation was compacted here; the agent went on with this summary.',
  interrupted: 'Interrupted.',
  'service-error': 'The service of the model failed.',
  'command-output': 'Output of a command.',
  context: 'Put in by the client.',
};

const markdown = new MarkdownIt({ html: false, linkify: false, highlight: coloured });
// A picture from the network would tell somebody that the file is being read.
markdown.disable('image');

export function* htmlOf(document: SessionDocument, detail: ExportDetail): Generator<string, void, undefined> {
  const { session, exchanges } = document;
  const title = escaped(session.title.trim() === '' ? session.id : session.title);
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title}</title>
<style>${DOCUMENT_STYLE}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${[session.agent, session.project ?? '', timeOf(session.startedAt), session.id]
    .filter((fact) => fact !== '')
    .map((fact) => `<span>${escaped(fact)}</span>`)
    .join(' ')}</p>
</header>
<main>
`;
  for (const exchange of exchanges) yield exchangeOf(exchange, detail);
  yield '</main>\n</body>\n</html>\n';
}

function exchangeOf(exchange: DocumentExchange, detail: ExportDetail): string {
  const who = exchange.isSubagent ? 'Task of a subagent' : 'You';
  const state = exchange.state === 'complete' ? '' : ` <em>${escaped(exchange.state)}</em>`;
  const parts = exchange.parts.map((part) => partOf(part, detail)).filter((part) => part !== '');
  return `<article id="${escaped(exchange.key)}">
<h2>${who} <time>${escaped(timeOf(exchange.startedAt))}</time>${state}</h2>
<div class="prompt">${escaped(exchange.prompt)}</div>
${parts.join('\n')}
</article>
`;
}

function partOf(part: DocumentPart, detail: ExportDetail): string {
  switch (part.kind) {
    case 'text':
      return `<div class="answer">${markdown.render(part.text)}</div>`;
    case 'thinking':
      return folded(detail.thinking, 'Thinking', `<div class="thinking">${escaped(part.text)}</div>`, 'thought');
    case 'tool':
      return toolOf(part, detail.tools);
    case 'notice':
      return `<p class="notice">${escaped(NOTICES[part.notice] ?? part.notice)}</p>${
        part.text === '' ? '' : `<div class="thinking">${escaped(part.text)}</div>`
      }`;
  }
}

function toolOf(part: Extract<DocumentPart, { kind: 'tool' }>, detail: Detail): string {
  const name = part.name === '' ? 'Result of a tool' : part.name;
  const title = `${name}${part.summary === '' ? '' : `: ${part.summary}`}${part.isError ? ' (failed)' : ''}`;
  const body = [
    ...(part.input === null ? [] : [`<h3>Input</h3><pre><code>${coloured(part.input, 'json')}</code></pre>`]),
    ...(part.output === null ? [] : [`<h3>Output</h3><pre><code>${escaped(part.output)}</code></pre>`]),
  ].join('');
  return folded(detail, title, body, part.isError ? 'tool failed' : 'tool');
}

function folded(detail: Detail, title: string, body: string, kind: string): string {
  if (detail === 'none') return '';
  const open = detail === 'full' ? ' open' : '';
  return body === ''
    ? `<p class="${kind}">${escaped(title)}</p>`
    : `<details class="${kind}"${open}><summary>${escaped(title)}</summary>${body}</details>`;
}

function coloured(code: string, language: string): string {
  if (code.length > MOST_COLOURED || hljs.getLanguage(language) === undefined) return escaped(code);
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
