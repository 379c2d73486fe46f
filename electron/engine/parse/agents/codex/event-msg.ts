import { objectField, stringField, wordField, type JsonObject } from '../claude-code/json-object.ts';
import { NOTHING, noticeReading, promptReading, textsOf, wordsReading, type Reading } from './item-reading.ts';
import { isWrapper, requestOf } from './user-text.ts';

/** Reads what the client tells its windows: legacy events, items of paginated histories, beginning and end of turns. */
export function readEvent(event: JsonObject, subtype: string | null): Reading {
  switch (subtype) {
    case 'user_message':
      return readUserMessage(event);
    case 'agent_message':
      return wordsReading('text', [stringField(event, 'message') ?? ''], { form: 'event', ...phaseOf(event) });
    case 'agent_reasoning':
    case 'agent_reasoning_raw_content':
      return wordsReading('thinking', [stringField(event, 'text') ?? ''], { form: 'event' });
    case 'item_completed':
      return readItem(objectField(event, 'item') ?? {});
    case 'task_complete':
    case 'turn_complete':
      return readEnd(event);
    case 'turn_aborted':
      return noticeReading('interrupted', `Turn aborted: ${wordField(event, 'reason') ?? 'unknown'}`, 'interrupted');
    case 'error':
      return noticeReading('service-error', stringField(event, 'message') ?? '', 'failed');
    case 'exited_review_mode':
      return readReview(event);
    default:
      return NOTHING;
  }
}

function phaseOf(fields: JsonObject): { readonly isInterim: boolean } {
  return { isInterim: wordField(fields, 'phase') === 'commentary' };
}

/** Early versions said of each one whether it was the person's or the client's own. */
function readUserMessage(event: JsonObject): Reading {
  const kind = wordField(event, 'kind') ?? 'plain';
  const text = stringField(event, 'message') ?? '';
  return kind === 'plain' && !isWrapper(text) ? promptReading(requestOf(text), 'event') : NOTHING;
}

function readItem(item: JsonObject): Reading {
  const messageId = wordField(item, 'id');
  switch (stringField(item, 'type')) {
    case 'UserMessage': {
      const text = textsOf(item, 'content', ['text']).join('');
      return isWrapper(text) ? NOTHING : promptReading(requestOf(text), 'item');
    }
    case 'AgentMessage':
      return wordsReading('text', textsOf(item, 'content', ['text']), { form: 'item', messageId, ...phaseOf(item) });
    case 'Reasoning':
      return wordsReading('thinking', [...stringsOf(item, 'summary_text'), ...stringsOf(item, 'raw_content')], {
        form: 'item',
        messageId,
      });
    case 'Plan':
      return noticeReading('context', stringField(item, 'text') ?? '');
    default:
      // Tools stand in the model's history as well, with what the model wrote and got.
      return NOTHING;
  }
}

function stringsOf(item: JsonObject, name: string): readonly string[] {
  const value = Object.hasOwn(item, name) ? item[name] : null;
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

function readEnd(event: JsonObject): Reading {
  const error = objectField(event, 'error');
  const message = error === null ? stringField(event, 'error') : stringField(error, 'message');
  if (error === null && message === null) return { kind: 'end' };
  return noticeReading('service-error', message ?? '', 'failed');
}

function readReview(event: JsonObject): Reading {
  const output = objectField(event, 'review_output');
  return noticeReading('context', output === null ? '' : (stringField(output, 'overall_explanation') ?? ''));
}
