import MarkdownIt from 'markdown-it';
import { describe, expect, it } from 'vitest';
import type { Exchange, SessionSummary } from '../../../shared/exchange.ts';
import type { ExportDetail } from './export-options.ts';
import { htmlOf } from './html.ts';
import { markdownOf } from './markdown.ts';
import { recordsWithBodies, toDocumentExchange, type Bodies, type SessionDocument } from './session-document.ts';

const AT = Date.UTC(2026, 2, 1, 9, 30);
const FOLDED: ExportDetail = { tools: 'folded', thinking: 'folded' };

const exchange: Exchange = {
  key: 'p1',
  agent: 'claude-code',
  sessionId: 's1',
  sessionIds: ['s1'],
  project: '/home/ana/otters',
  prompt: 'Why does `<b>` leak?\n\n# not a heading',
  parts: [
    { kind: 'thinking', text: 'Let me think.', messageId: 'm', record: 'a1' },
    { kind: 'text', text: 'It **leaks**.\n\n```ts\nconst x = 1;\n```', messageId: 'm', record: 'a2' },
    { kind: 'tool', name: 'Bash', summary: 'ls | wc', useId: 't1', messageId: 'm', record: 'a3' },
    { kind: 'tool-result', useId: 't1', isError: true, sizeBytes: 10, record: 'u1' },
    { kind: 'tool-result', useId: 'lost', isError: false, sizeBytes: 10, record: 'u2' },
    { kind: 'notice', notice: 'interrupted', text: '', record: 'u3' },
  ],
  state: 'interrupted',
  startedAt: AT,
  endedAt: AT,
  revision: 5,
  isSubagent: false,
  subagentId: null,
};

const session: SessionSummary = {
  id: 's1',
  agent: 'claude-code',
  title: 'Leaks & <otters>',
  project: '/home/ana/otters',
  startedAt: AT,
  lastAt: AT,
  exchanges: 1,
  subagentExchanges: 0,
  sourcePresent: true,
};

const long = `line with \`\`\`\` fences\n${'x'.repeat(200_000)}END`;
const bodies: Bodies = new Map([
  ['a3', [{ kind: 'input', useId: 't1', text: 'ls | wc' }]],
  ['u1', [{ kind: 'output', useId: 't1', text: long }]],
  ['u2', [{ kind: 'output', useId: 'lost', text: '<script>alert(1)</script>' }]],
]);

function documentOf(change: Partial<Exchange> = {}): SessionDocument {
  return { session, exchanges: [toDocumentExchange({ ...exchange, ...change }, bodies)] };
}

const markdown = (detail = FOLDED, change: Partial<Exchange> = {}): string =>
  [...markdownOf(documentOf(change), detail)].join('');
const html = (detail = FOLDED, change: Partial<Exchange> = {}): string =>
  [...htmlOf(documentOf(change), detail)].join('');

describe('a document', () => {
  it('shows what came out of a tool with the tool', () => {
    expect(recordsWithBodies(exchange)).toEqual(['a3', 'u1', 'u2']);
    expect(documentOf().exchanges[0]?.parts.map((part) => (part.kind === 'tool' ? part.name : part.kind))).toEqual([
      'thinking',
      'text',
      'Bash',
      '',
      'notice',
    ]);
  });

  it('cuts no output', () => {
    expect(markdown()).toContain(long);
    expect(html()).toContain(long);
  });
});

describe('Markdown', () => {
  it('keeps prompts apart from headings, and fences around fences', () => {
    const text = markdown();

    expect(text).toContain('# Leaks & <otters>\n');
    expect(text).toContain(
      '## You, 2026-03-01 09:30 UTC (interrupted)\n\n> Why does `<b>` leak?\n>\n> # not a heading\n',
    );
    expect(text).toContain('### Agent\n\nIt **leaks**.');
    expect(text).toContain('`````\nline with ```` fences');
    expect(text).toContain('<summary>Bash: ls | wc (failed)</summary>');
  });

  it('shows one heading for each exchange to a reader of Markdown', () => {
    const shown = new MarkdownIt({ html: true }).render(markdown());

    expect([...shown.matchAll(/<h1>/gu)]).toHaveLength(2);
    expect([...shown.matchAll(/<h2>/gu)]).toHaveLength(1);
  });

  it('can do without tools and thinking', () => {
    const text = markdown({ tools: 'none', thinking: 'none' });

    expect(text).not.toContain('Bash');
    expect(text).not.toContain('Let me think');
    expect(text).toContain('It **leaks**');
  });
});

describe('HTML', () => {
  it('runs nothing and loads nothing, whatever was said', () => {
    const text = html(FOLDED, {
      prompt: '<script>alert(1)</script><img src=x onerror=alert(1)>',
      parts: [
        {
          kind: 'text',
          text: '<script>x</script> ![p](https://example.org/p.png) [l](javascript:alert(1))',
          messageId: null,
          record: 'a',
        },
      ],
    });

    expect(text).not.toMatch(/<script|<img|href="javascript/iu);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).toContain(`content="default-src 'none'`);
  });

  it('colours code and folds what was done', () => {
    const text = html();

    expect(text).toContain('<strong>leaks</strong>');
    expect(text).toContain('<span class="hljs-keyword">const</span>');
    expect(text).toContain('<details class="tool failed"><summary>Bash: ls | wc (failed)</summary>');
    expect(html({ tools: 'full', thinking: 'full' })).toContain('<details class="tool failed" open>');
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});
