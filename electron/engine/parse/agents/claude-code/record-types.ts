/** Types whose lines form the chain of a conversation; they carry `uuid` and `parentUuid`. */
const CHAIN_TYPES: ReadonlySet<string> = new Set(['user', 'assistant', 'system', 'attachment', 'progress']);

/** Types that say something about a session, or about the client's own state. None of them is ever prompt or answer. */
const SESSION_TYPES: ReadonlySet<string> = new Set([
  'agent-color',
  'agent-name',
  'agent-setting',
  'ai-title',
  'api-request',
  'api-request-blob',
  'api-request-shape',
  'atis-latch',
  'attribution-snapshot',
  'bridge-session',
  'content-replacement',
  'cost-state',
  'custom-title',
  'file-history-snapshot',
  'last-prompt',
  'marble-origami-commit',
  'marble-origami-snapshot',
  'mode',
  'permission-mode',
  'pr-link',
  'queue-operation',
  'relocated',
  'result',
  'speculation-accept',
  'started',
  'summary',
  'tag',
  'task-summary',
  'tools-used',
  'worktree-state',
]);

const SYSTEM_SUBTYPES: ReadonlySet<string> = new Set([
  'agents_killed',
  'api_error',
  'away_summary',
  'bridge_status',
  'compact_boundary',
  'informational',
  'local_command',
  'memory_saved',
  'microcompact_boundary',
  'model_refusal_no_fallback',
  'permission_retry',
  'stop_hook_summary',
  'turn_duration',
]);

const ATTACHMENT_TYPES: ReadonlySet<string> = new Set([
  'agent_listing_delta',
  'auto_mode',
  'command_permissions',
  'compact_file_reference',
  'date',
  'deferred_tools_delta',
  'environment',
  'file',
  'hook_blocking_error',
  'mcp_instructions_delta',
  'model',
  'prompt_snapshot',
  'queued_command',
  'remote_session_change',
  'session_context',
  'skill_listing',
]);

const LONGEST_NAME = 100;

export function isChainType(type: string): boolean {
  return CHAIN_TYPES.has(type);
}

/** Whether this version knows what a record of the type means. A missing subtype counts as known: old versions have none. */
export function isKnownType(type: string, subtype: string | null): boolean {
  if (type === 'system') return subtype === null || SYSTEM_SUBTYPES.has(subtype);
  if (type === 'attachment') return subtype !== null && ATTACHMENT_TYPES.has(subtype);
  return CHAIN_TYPES.has(type) || SESSION_TYPES.has(type);
}

/** `user`, `system/turn_duration`, `attachment/queued_command` …; cut to 100 characters, for it labels counters. */
export function typeName(type: string, subtype: string | null): string {
  const name = subtype === null ? type : `${type}/${subtype}`;
  return name.slice(0, LONGEST_NAME);
}
