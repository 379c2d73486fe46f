/** Writes one session, or the sidechain of one, exchange by exchange until it has its size. */
import { escaped, type Phrases } from './phrases.ts';
import type { SeededRandom } from './random.ts';
import { makeToolCall, resultContent, type ToolCallOptions } from './tool-calls.ts';
import type { TranscriptCounts, TranscriptFile } from './transcript-file.ts';

export interface SessionShape {
  readonly cwd: string;
  readonly sessionId: string;
  /** Of a sidechain; null for the main conversation. */
  readonly agentId: string | null;
}

export interface SessionWriterOptions {
  readonly random: SeededRandom;
  readonly phrases: Phrases;
  readonly counts: TranscriptCounts;
  readonly toolScale: number;
  readonly shape: SessionShape;
  readonly file: TranscriptFile;
}

const MODELS = ['claude-opus-4-5-20251101', 'claude-sonnet-4-5-20250929', 'claude-haiku-4-5-20251001'];
const FIRST_MS = 1_735_689_600_000;
const LONGEST_TEXT = 20_000;
const MOST_ROUNDS = 60;

export class SessionWriter {
  readonly #options: SessionWriterOptions;
  readonly #tools: ToolCallOptions;
  readonly #version: string;
  readonly #branch: string;
  readonly #isSidechain: boolean;
  #at: number;
  #parent: string | null = null;
  #isFirst = true;

  constructor(options: SessionWriterOptions) {
    const { random, phrases, toolScale, shape } = options;
    this.#options = options;
    this.#tools = { random, phrases, toolScale, cwd: shape.cwd };
    this.#isSidechain = shape.agentId !== null;
    this.#at = FIRST_MS + random.int(3e10);
    this.#version = `2.${random.int(2)}.${random.int(60)}`;
    this.#branch = random.pick(['main', 'dev', `feature/${phrases.word()}`]);
  }

  /** @param tear end with half a line */
  write(budgetBytes: number, tear: boolean): void {
    const { random, phrases, file } = this.#options;
    if (!this.#isSidechain && random.next() < 0.35) {
      const line = `{"type":"summary","summary":"${escaped(phrases.sentence())}","leafUuid":"${random.uuid()}"}`;
      file.line('summary', line);
    }
    do this.#exchange();
    while (file.bytes < budgetBytes);
    if (tear) file.tear(this.#head('assistant').slice(0, 120));
  }

  #exchange(): void {
    const { random, phrases, counts } = this.#options;
    this.#snapshot();
    this.#prompt();
    const rounds = Math.min(MOST_ROUNDS, Math.floor(random.logNormal(4, 0.9)));
    for (let round = 0; round < rounds; round += 1) this.#round();
    const message = `msg_01${random.hex(22)}`;
    const request = `req_011${random.hex(21)}`;
    const text = phrases.text(Math.min(LONGEST_TEXT, random.logNormal(900, 0.9)));
    this.#assistant(message, request, `{"type":"text","text":"${text}"}`, 'end_turn');
    if (this.#isSidechain) counts.sidechainExchanges += 1;
    else counts.exchanges += 1;
    this.#bookkeeping();
  }

  #snapshot(): void {
    const { random, phrases, file } = this.#options;
    const message = random.uuid();
    if (this.#isSidechain || random.next() >= 0.8) return;
    const backup = (): string => {
      const path = random.pick(phrases.paths);
      const name = `${random.hex(16)}@v${1 + random.int(9)}`;
      return `"${path}":{"backupFileName":"${name}","version":${1 + random.int(9)},"backupTime":"${this.#time(0)}"}`;
    };
    const backups = Array.from({ length: random.int(6) }, backup).join(',');
    const snapshot = `{"messageId":"${message}","trackedFileBackups":{${backups}},"timestamp":"${this.#time(5)}"}`;
    const isUpdate = String(random.next() < 0.4);
    const rest = `"messageId":"${message}","snapshot":${snapshot},"isSnapshotUpdate":${isUpdate}`;
    file.line('file-history-snapshot', `{"type":"file-history-snapshot",${rest}}`);
  }

  #prompt(): void {
    const { random, phrases, file } = this.#options;
    const prompt = phrases.text(Math.min(LONGEST_TEXT, random.logNormal(220, 1.1)));
    const head = this.#head('user');
    const content = random.next() < 0.7 ? `"${prompt}"` : `[{"type":"text","text":"${prompt}"}]`;
    const thinking = this.#isFirst ? '' : ',"thinkingMetadata":{"level":"high","disabled":false,"triggers":[]}';
    file.line('user', `${head},"message":{"role":"user","content":${content}}${thinking}}`);
    this.#isFirst = false;
  }

  /** One step of the agent: thoughts and words perhaps, a tool call, its result. */
  #round(): void {
    const { random, phrases, file, counts } = this.#options;
    const message = `msg_01${random.hex(22)}`;
    const request = `req_011${random.hex(21)}`;
    if (random.next() < 0.45) {
      const text = phrases.text(random.logNormal(700, 0.9));
      const signature = phrases.base64.slice(random.int(1000), 1000 + 300 + random.int(700));
      this.#assistant(message, request, `{"type":"thinking","thinking":"${text}","signature":"${signature}"}`, null);
    }
    if (random.next() < 0.4) {
      const text = phrases.text(random.logNormal(160, 0.8));
      this.#assistant(message, request, `{"type":"text","text":"${text}"}`, null);
    }
    const use = `toolu_01${random.hex(22)}`;
    const call = makeToolCall(this.#tools);
    const block = `{"type":"tool_use","id":"${use}","name":"${call.name}","input":${call.input}}`;
    this.#assistant(message, request, block, 'tool_use');
    counts.toolUses += 1;
    const content = resultContent(call, this.#tools);
    const head = this.#head('user');
    const isError = random.next() < 0.05 ? ',"is_error":true' : '';
    const result = `{"tool_use_id":"${use}","type":"tool_result","content":${content}${isError}}`;
    file.line('user', `${head},"message":{"role":"user","content":[${result}]},"toolUseResult":${call.extra}}`);
    counts.toolResults += 1;
    if (random.next() < 0.05) {
      const summary = this.#head('system', ',"subtype":"stop_hook_summary","level":"suggestion"');
      file.line('system', `${summary},"content":"${escaped(phrases.sentence())}","isMeta":false}`);
    }
  }

  #assistant(message: string, request: string, block: string, stop: string | null): void {
    const { random, file } = this.#options;
    const head = this.#head('assistant', `,"requestId":"${request}"`);
    const identity = `"model":"${random.pick(MODELS)}","id":"${message}","type":"message","role":"assistant"`;
    const reason = stop === null ? 'null' : `"${stop}"`;
    const read = `"input_tokens":${random.int(9)},"cache_creation_input_tokens":${random.int(9000)},"cache_read_input_tokens":${random.int(150_000)}`;
    const cache = `"cache_creation":{"ephemeral_5m_input_tokens":${random.int(9000)},"ephemeral_1h_input_tokens":0}`;
    const usage = `{${read},${cache},"output_tokens":${random.int(3000)},"service_tier":"standard"}`;
    const body = `{${identity},"content":[${block}],"stop_reason":${reason},"stop_sequence":null,"usage":${usage}}`;
    file.line('assistant', `${head},"message":${body}}`);
  }

  #bookkeeping(): void {
    const { random, phrases, file, shape } = this.#options;
    if (this.#isSidechain) return;
    if (random.next() < 0.01) {
      const head = this.#head('system', ',"subtype":"compact_boundary"');
      const metadata = `{"trigger":"auto","preTokens":${150_000 + random.int(9000)}}`;
      file.line('system', `${head},"content":"Conversation compacted","isMeta":false,"compactMetadata":${metadata}}`);
    }
    if (random.next() < 0.05) {
      const time = this.#time(9);
      const content = `"content":"${random.pick(phrases.prose)}","sessionId":"${shape.sessionId}"`;
      const line = `{"type":"queue-operation","operation":"enqueue","timestamp":"${time}",${content}}`;
      file.line('queue-operation', line);
    }
  }

  /** The beginning of a record, open at its end; the record becomes the parent of the next one. */
  #head(type: string, extra = ''): string {
    const { random, shape } = this.#options;
    const uuid = random.uuid();
    const parent = this.#parent === null ? 'null' : `"${this.#parent}"`;
    const agent = shape.agentId === null ? '' : `,"agentId":"${shape.agentId}"`;
    const place = `"cwd":"${shape.cwd}","sessionId":"${shape.sessionId}","version":"${this.#version}","gitBranch":"${this.#branch}"`;
    const side = `"isSidechain":${String(this.#isSidechain)},"userType":"external"`;
    const time = this.#time(200 + random.int(9000));
    this.#parent = uuid;
    return `{"parentUuid":${parent},${side},${place}${agent},"type":"${type}"${extra},"uuid":"${uuid}","timestamp":"${time}"`;
  }

  #time(laterMs: number): string {
    this.#at += laterMs;
    return new Date(this.#at).toISOString();
  }
}
