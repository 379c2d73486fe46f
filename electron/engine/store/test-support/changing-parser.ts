/**
 * An agent that writes records again when they have changed, with only what a test wants to say. A line, and an element of a
 * document `{"messages": [...]}`, is a {@link Message}; a line that is an array holds several.
 */
import type { ParsedRecord } from '../../../../shared/record.ts';
import type { TranscriptParser } from '../saver-ports.ts';

export interface Message {
  readonly id: string;
  readonly role: 'prompt' | 'member' | 'session';
  /** Empty: nothing is said yet. */
  readonly text: string;
  readonly version?: number;
  readonly signal?: 'completed' | 'working';
}

interface Broken {
  readonly broken: true;
}

const SESSION_ID = 'changing';

export function changingParser(parser: TranscriptParser): TranscriptParser {
  return {
    contextOf: (archivePath, relativePath) => ({
      ...parser.contextOf(archivePath, relativePath),
      sessionId: SESSION_ID,
    }),
    fileKind: (relativePath) => (relativePath.endsWith('.json') ? 'document' : 'lines'),
    salvageLine: () => null,
    parseSidecar: () => null,
    parseLine: (line) => {
      const value = parse(line);
      if (value === null) return { outcome: 'malformed', reason: 'not-json' };
      if (!Array.isArray(value)) return { outcome: 'record', record: recordOf(value as Message) };
      const records = (value as Message[]).map((message, index) => ({
        record: recordOf(message),
        offset: index,
        length: 1,
      }));
      return { outcome: 'records', records };
    },
    parseDocument: (bytes) => {
      const value = parse(bytes);
      if (value === null) return { outcome: 'malformed', reason: 'not-json' };
      const { messages } = value as { readonly messages: readonly (Message | Broken)[] };
      const records = messages.map((message, index) =>
        'broken' in message
          ? { malformed: 'not-an-object' as const, offset: index, length: 1 }
          : { record: recordOf(message), offset: index, length: 1 },
      );
      return { outcome: 'records', records };
    },
  };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function recordOf({ id, role, text, version, signal }: Message): ParsedRecord {
  return {
    key: id,
    type: role,
    isKnownType: true,
    sessionId: SESSION_ID,
    parentKey: null,
    at: 1000,
    cwd: null,
    lane: 'main',
    role,
    prompt: role === 'prompt' ? text : null,
    parts: role === 'member' && text !== '' ? [{ kind: 'text', text, messageId: null, record: id }] : [],
    signal: signal ?? (role === 'member' ? 'completed' : null),
    title: null,
    history: null,
    version: version ?? 0,
  };
}
