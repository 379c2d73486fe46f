import { escaped, NEWLINE, type Phrases } from './phrases.ts';
import type { SeededRandom } from './random.ts';

/** A tool call and its result, as JSON text. */
export interface ToolCall {
  readonly name: string;
  readonly input: string;
  /** Null: a picture. */
  readonly output: string | null;
  /** What the client keeps besides: most of it the same text once more. */
  readonly extra: string;
}

const LARGEST_OUTPUT = 190_000;

export interface ToolCallOptions {
  readonly random: SeededRandom;
  readonly phrases: Phrases;
  readonly cwd: string;
  /** Factor on the size of what tools print. */
  readonly toolScale: number;
}

export function makeToolCall(options: ToolCallOptions): ToolCall {
  const { random, phrases, cwd, toolScale } = options;
  const kind = random.next();
  const bytes = toolScale * Math.min(LARGEST_OUTPUT, random.logNormal(1500, 1.5));
  const file = `${cwd}/${random.pick(phrases.paths)}`;
  if (kind < 0.35) return bash(options, bytes);
  if (kind < 0.65) return read(options, file, bytes);
  if (kind < 0.85) return edit(options, file, bytes);
  if (kind < 0.93) return grep(options, bytes);
  if (kind < 0.98) return todo(options);
  return picture(options);
}

function bash({ random, phrases, cwd }: ToolCallOptions, bytes: number): ToolCall {
  const command = random.pick(['npm test', `rg -n ${phrases.word()}`, 'git diff', 'ls -la']);
  const shell = escaped(`cd ${cwd} && ${command} 2>&1 | head -100`);
  const input = `{"command":"${shell}","description":"${phrases.word()} ${phrases.word()}"}`;
  const output = phrases.stretch(phrases.outputLines, Math.min(30_000, bytes));
  const extra = `{"stdout":"${output}","stderr":"","interrupted":false,"isImage":false}`;
  return { name: 'Bash', input, output, extra };
}

function read({ random, phrases }: ToolCallOptions, file: string, bytes: number): ToolCall {
  const output = phrases.stretch(phrases.numberedLines, bytes);
  const content = phrases.stretch(phrases.codeLines, output.length * 0.8);
  const lines = `"numLines":${random.int(900)},"startLine":1,"totalLines":${random.int(2000)}`;
  const extra = `{"type":"text","file":{"filePath":"${file}","content":"${content}",${lines}}}`;
  return { name: 'Read', input: `{"file_path":"${file}"}`, output, extra };
}

function edit({ random, phrases }: ToolCallOptions, file: string, bytes: number): ToolCall {
  const before = phrases.stretch(phrases.codeLines, random.logNormal(400, 0.8));
  const after = phrases.stretch(phrases.codeLines, random.logNormal(600, 0.8));
  const input = `{"file_path":"${file}","old_string":"${before}","new_string":"${after}"}`;
  const output = `The file ${file} has been updated.${NEWLINE}${phrases.stretch(phrases.numberedLines, 500)}`;
  const original = phrases.stretch(phrases.codeLines, bytes);
  const at = `"oldStart":${random.int(99)},"oldLines":9,"newStart":${random.int(99)},"newLines":12`;
  const lines = `"${phrases.code[random.int(9000)] ?? ''}","${phrases.code[random.int(9000)] ?? ''}"`;
  const strings = `"filePath":"${file}","oldString":"${before}","newString":"${after}","originalFile":"${original}"`;
  const extra = `{${strings},"structuredPatch":[{${at},"lines":[${lines}]}],"userModified":false,"replaceAll":false}`;
  return { name: 'Edit', input, output, extra };
}

function grep({ random, phrases }: ToolCallOptions, bytes: number): ToolCall {
  const input = `{"pattern":"${phrases.camelCase()}","output_mode":"content"}`;
  const output = phrases.stretch(phrases.outputLines, Math.min(20_000, bytes));
  const files = `"numFiles":${random.int(20)},"filenames":[]`;
  const extra = `{"mode":"content",${files},"content":"${output}","numLines":${random.int(200)}}`;
  return { name: 'Grep', input, output, extra };
}

function todo({ random, phrases }: ToolCallOptions): ToolCall {
  const item = (): string =>
    `{"content":"${random.pick(phrases.prose)}","status":"pending","activeForm":"${phrases.word()}"}`;
  const input = `{"todos":[${Array.from({ length: 3 + random.int(5) }, item).join(',')}]}`;
  const output = 'Todos have been modified successfully.';
  return { name: 'TodoWrite', input, output, extra: '{"oldTodos":[],"newTodos":[]}' };
}

function picture({ random, phrases, cwd }: ToolCallOptions): ToolCall {
  const bytes = 40_000 + random.int(140_000);
  const body = `"base64":"${phrases.base64.slice(0, bytes)}","type":"image/png","originalSize":${bytes}`;
  const extra = `{"type":"image","file":{${body}}}`;
  return { name: 'Read', input: `{"file_path":"${cwd}/shot.png"}`, output: null, extra };
}

/** How the result stands in the message: text, or a picture. */
export function resultContent(call: ToolCall, { random, phrases }: ToolCallOptions): string {
  if (call.output !== null) return `"${call.output}"`;
  const body = phrases.base64.slice(0, 40_000 + random.int(60_000));
  return `[{"type":"image","source":{"type":"base64","data":"${body}","media_type":"image/png"}}]`;
}
