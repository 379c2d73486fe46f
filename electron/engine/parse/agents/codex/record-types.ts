const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/u));

/** Types of lines; all but the first two stand for themselves. */
const LINE_TYPES = words(`
  session_meta turn_context compacted world_state token_usage_record inter_agent_communication
  inter_agent_communication_metadata retained_context security_risk_score realtime_item ghost_snapshot record
`);

const RESPONSE_ITEMS = words(`
  message agent_message reasoning function_call function_call_output custom_tool_call custom_tool_call_output
  local_shell_call local_shell_call_output web_search_call tool_search_call tool_search_output image_generation_call
  compaction compaction_summary context_compaction compaction_trigger additional_tools configuration_update ghost_snapshot
`);

const EVENTS = words(`
  user_message agent_message agent_reasoning agent_reasoning_raw_content agent_reasoning_section_break token_count
  task_started turn_started task_complete turn_complete turn_aborted thread_rolled_back context_compacted
  entered_review_mode exited_review_mode patch_apply_begin patch_apply_end mcp_tool_call_begin mcp_tool_call_end
  item_started item_completed web_search_begin web_search_end image_generation_begin image_generation_end
  sub_agent_activity thread_goal_updated thread_name_updated thread_settings_applied exec_command_begin exec_command_end
  view_image_tool_call collab_agent_spawn_begin collab_agent_spawn_end collab_agent_interaction_begin
  collab_agent_interaction_end collab_waiting_begin collab_waiting_end collab_close_begin collab_close_end
  collab_resume_begin collab_resume_end dynamic_tool_call_request dynamic_tool_call_response guardian_assessment
  undo_started undo_completed plan_update turn_diff background_event error warning stream_error session_configured
  deprecation_notice hook_started hook_completed model_reroute shutdown_complete
`);

const ITEMS = words(`
  UserMessage HookPrompt AgentMessage Plan Reasoning CommandExecution DynamicToolCall CollabAgentToolCall SubAgentActivity
  WebSearch ImageView Sleep ImageGeneration FileChange McpToolCall ContextCompaction FunctionCallOutput Extension
  EnteredReviewMode ExitedReviewMode
`);

const LONGEST_NAME = 100;

/** Whether this version knows what such a line means. @param item type of the item that an `item_completed` holds */
export function isKnownType(type: string, subtype: string | null, item: string | null): boolean {
  if (type === 'response_item') return subtype !== null && RESPONSE_ITEMS.has(subtype);
  if (type !== 'event_msg') return LINE_TYPES.has(type);
  if (subtype === null || !EVENTS.has(subtype)) return false;
  return item === null || ITEMS.has(item) || item.includes('.');
}

/** `session_meta`, `event_msg/item_completed/UserMessage` …; cut to 100 characters, for it labels counters. */
export function typeName(type: string, subtype: string | null, item: string | null): string {
  return [type, subtype, item]
    .filter((word) => word !== null)
    .join('/')
    .slice(0, LONGEST_NAME);
}
