import type { AgentAdapter } from './agent-adapter.ts';
import { ClaudeCodeAdapter } from './agents/claude-code.ts';
import { CodexAdapter } from './agents/codex.ts';
import { CopilotCliAdapter } from './agents/copilot-cli.ts';
import { CursorAdapter } from './agents/cursor.ts';
import { GeminiCliAdapter } from './agents/gemini-cli.ts';
import { OpencodeAdapter } from './agents/opencode.ts';

const ADAPTERS: readonly AgentAdapter[] = [
  new ClaudeCodeAdapter(),
  new CodexAdapter(),
  new CopilotCliAdapter(),
  new CursorAdapter(),
  new GeminiCliAdapter(),
  new OpencodeAdapter(),
];

/** The adapter of an agent by its name in the archive; null for one that this version does not know. */
export function adapterOf(agent: string): AgentAdapter | null {
  return ADAPTERS.find((adapter) => adapter.agent === agent) ?? null;
}
