import { flagField, isJsonObject, objectField, stringField, type JsonObject } from '../claude-code/json-object.ts';

/** Content of a message: a text, or parts. */
export interface MessageContent {
  /** Of what was said; what the model thought is not among them. */
  readonly texts: readonly string[];
  readonly thoughts: readonly string[];
  readonly calls: readonly JsonObject[];
  readonly responses: readonly JsonObject[];
  /** Pictures and other files: kept in the archive, not shown as text. */
  readonly hasMedia: boolean;
}

export function contentOf(value: unknown): MessageContent {
  const parts = partsOf(value);
  const spoken = parts.filter((part) => stringField(part, 'text') !== null);
  return {
    texts: spoken.filter((part) => !flagField(part, 'thought')).map(textOf),
    thoughts: spoken.filter((part) => flagField(part, 'thought')).map(textOf),
    calls: fieldsOf(parts, 'functionCall'),
    responses: fieldsOf(parts, 'functionResponse'),
    hasMedia: parts.some((part) => objectField(part, 'inlineData') !== null || objectField(part, 'fileData') !== null),
  };
}

/** A text stands for one part that says it; what is neither text nor part is passed over. */
function partsOf(value: unknown): readonly JsonObject[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((part) => {
    if (typeof part === 'string') return [{ text: part }];
    return isJsonObject(part) ? [part] : [];
  });
}

function textOf(part: JsonObject): string {
  return stringField(part, 'text') ?? '';
}

function fieldsOf(parts: readonly JsonObject[], name: string): readonly JsonObject[] {
  return parts.map((part) => objectField(part, name)).filter((field) => field !== null);
}
