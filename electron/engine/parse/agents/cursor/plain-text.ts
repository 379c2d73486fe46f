import type { ExchangePart } from '../../../../../shared/exchange.ts';

/** One turn of speech in a transcript of plain text. */
export interface TextBlock {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** Of its first line in the file, in bytes. */
  readonly start: number;
  readonly length: number;
}

const MARKER = /^\[(Thinking|Tool call|Tool result)\][^\S\n]*(.*)$/u;

/** Cuts a transcript at its lines `user:` and `assistant:`; within `<user_query>` they are a person's words. */
export function textBlocks(text: string): readonly TextBlock[] {
  const blocks: TextBlock[] = [];
  let open: { role: TextBlock['role']; lines: string[]; start: number } | null = null;
  let isQuery = false;
  let at = 0;
  const close = (): void => {
    if (open === null) return;
    blocks.push({ role: open.role, text: open.lines.join('\n').trim(), start: open.start, length: at - open.start });
  };
  for (const line of text.split('\n')) {
    const role = isQuery ? undefined : /^(user|assistant):\s*$/u.exec(line)?.[1];
    if (role !== undefined) {
      close();
      open = { role: role === 'user' ? 'user' : 'assistant', lines: [], start: at };
    } else {
      open?.lines.push(line);
      if (open?.role === 'user') isQuery = isQueryAfter(line, isQuery);
    }
    at += Buffer.byteLength(line) + 1;
  }
  close();
  return blocks;
}

function isQueryAfter(line: string, isQuery: boolean): boolean {
  const open = line.lastIndexOf('<user_query>');
  const close = line.lastIndexOf('</user_query>');
  return open === close ? isQuery : open > close;
}

/** What an agent said, with its tools; bodies of tools are indented under their heading. */
export function partsOf(text: string, record: string): readonly ExchangePart[] {
  const parts: ExchangePart[] = [];
  let words: string[] = [];
  let body: string[] | null = null;
  let kind: 'text' | 'thinking' = 'text';
  const flush = (): void => {
    const said = (body ?? words).join('\n').trim();
    if (said !== '' && (body === null || kind === 'thinking')) {
      parts.push({ kind: body === null ? 'text' : 'thinking', text: said, messageId: null, record });
    }
    words = [];
    body = null;
    kind = 'text';
  };
  for (const line of text.split('\n')) {
    const [, heading, rest = ''] = MARKER.exec(line.trim()) ?? [];
    if (heading !== undefined) {
      flush();
      body = heading === 'Thinking' && rest !== '' ? [rest] : [];
      kind = heading === 'Thinking' ? 'thinking' : 'text';
      if (heading === 'Tool call')
        parts.push({ kind: 'tool', name: rest.trim(), summary: '', useId: null, messageId: null, record });
      if (heading === 'Tool result') {
        parts.push({ kind: 'tool-result', useId: null, isError: false, sizeBytes: Buffer.byteLength(line), record });
      }
    } else if (body !== null && (line.trim() === '' || /^\s/u.test(line))) {
      body.push(line.trim());
    } else {
      if (body !== null) flush();
      words.push(line);
    }
  }
  flush();
  return parts;
}
