import { stringField } from './json-object.ts';
import { member, noticeMember, SILENT_MEMBER, type RawRecord, type RecordReading } from './record-reading.ts';
import { readText } from './user-record.ts';
import { readUserText } from './user-text.ts';

export function readSystemRecord(record: RawRecord): RecordReading {
  const content = stringField(record.fields, 'content') ?? '';
  switch (stringField(record.fields, 'subtype')) {
    case 'turn_duration':
      return member([], 'completed');
    case 'local_command':
      return readLocalCommand(record, content);
    case 'informational':
      return noticeMember(record, 'context', content);
    case 'model_refusal_no_fallback':
      return noticeMember(record, 'service-error', content);
    default:
      // A compaction shows with the summary that follows; a failed request that is tried again shows only if it fails for good.
      return SILENT_MEMBER;
  }
}

function readLocalCommand(record: RawRecord, content: string): RecordReading {
  const read = readText(record, readUserText([content], false));
  return read.role === 'prompt' ? noticeMember(record, 'command-output', content) : read;
}
