const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/u));

/** Events whose meaning is known; most of them say something about the client's own state only. */
const EVENTS = words(`
  session.start session.resume session.info session.warning session.error session.idle session.shutdown
  session.model_change session.mode_changed session.plan_changed session.title_changed session.handoff
  session.truncation session.compaction_start session.compaction_complete session.snapshot_rewind
  session.import_legacy session.context_changed session.usage_info session.task_complete session.workspace_file_changed
  session.remote_steerable_changed session.tools_updated session.background_tasks_changed session.skills_loaded
  session.custom_agents_updated session.mcp_servers_loaded session.mcp_server_status_changed session.extensions_loaded
  session.schedule_created session.schedule_cancelled session.permissions_changed session.todos_changed
  user.message pending_messages.modified assistant.turn_start assistant.turn_end assistant.intent assistant.reasoning
  assistant.reasoning_delta assistant.message assistant.message_delta assistant.message_start assistant.usage
  assistant.streaming_delta assistant.tool_call_delta abort tool.user_requested tool.execution_start
  tool.execution_partial_result tool.execution_progress tool.execution_complete skill.invoked subagent.started
  subagent.completed subagent.failed subagent.selected subagent.deselected hook.start hook.end system.message
  system.notification permission.requested permission.completed user_input.requested user_input.completed
  elicitation.requested elicitation.completed external_tool.requested external_tool.completed command.queued
  command.execute command.completed commands.changed exit_plan_mode.requested exit_plan_mode.completed
  model.call_failure mcp.oauth_required mcp.oauth_completed capabilities.changed
`);

const LONGEST_NAME = 100;

export function isKnownEvent(type: string): boolean {
  return EVENTS.has(type);
}

export function eventName(type: string): string {
  return type.slice(0, LONGEST_NAME);
}
