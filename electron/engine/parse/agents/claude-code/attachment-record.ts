import { objectField, stringField, wordField } from './json-object.ts';
import { noticeMember, SILENT_MEMBER, type RawRecord, type RecordReading } from './record-reading.ts';
import { contentOf, isFromMachine, isFromPerson, isInsertion, readText } from './user-record.ts';
import { readUserText } from './user-text.ts';

/**
 * Attachments are context for the model, save one: `queued_command` holds what a person typed while the agent was busy,
 * and there is no user record for it.
 */
export function readAttachmentRecord(record: RawRecord): RecordReading {
  const attachment = objectField(record.fields, 'attachment');
  if (attachment === null || stringField(attachment, 'type') !== 'queued_command') return SILENT_MEMBER;
  const content = contentOf(attachment, 'prompt');
  const mode = wordField(attachment, 'commandMode') ?? 'prompt';
  const isMachine = [attachment, record.fields].some((fields) => isInsertion(fields) || isFromMachine(fields));
  if (mode !== 'prompt' || isMachine) {
    return noticeMember(record, 'context', content.texts.join('\n'));
  }
  if (content.texts.length === 0 && !content.hasMedia) return SILENT_MEMBER;
  const isTyped = isFromPerson(attachment);
  const read = content.texts.length === 0 ? readUserText([''], true) : readUserText(content.texts, isTyped);
  const reading = readText(record, read);
  // Taken in by the turn that runs: complete at once, and the turn's answers stay where they are.
  return reading.role === 'prompt' ? { ...reading, signal: 'completed' } : reading;
}
